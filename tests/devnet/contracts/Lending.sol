// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Erc20} from "Erc20.sol";

/// Doubles of what a wallet holds of lending markets and vaults; tests/devnet/lending.py writes their slots.

/// How far one unit of an asset has grown, in rays (1e27): supplied, and borrowed.
contract LendingPool {
    mapping(address => uint256) public getReserveNormalizedIncome;
    mapping(address => uint256) public getReserveNormalizedVariableDebt;
}

/// Keeps scaled units, and asks the pool what they have become. The pool is in slot 6, the asset in slot 7.
abstract contract ScaledToken is Erc20 {
    LendingPool public POOL;
    address public UNDERLYING_ASSET_ADDRESS;

    function index() internal view virtual returns (uint256);

    function scaledBalanceOf(address holder) external view returns (uint256) {
        return held[holder];
    }

    function balanceOf(address holder) public view override returns (uint256) {
        return (held[holder] * index() + 5e26) / 1e27;
    }
}

contract AToken is ScaledToken {
    function index() internal view override returns (uint256) {
        return POOL.getReserveNormalizedIncome(UNDERLYING_ASSET_ADDRESS);
    }
}

contract DebtToken is ScaledToken {
    function index() internal view override returns (uint256) {
        return POOL.getReserveNormalizedVariableDebt(UNDERLYING_ASSET_ADDRESS);
    }
}

/// An ERC-4626 vault, as far as its holders are concerned.
/// The asset is in slot 6, what 1e18 shares are worth in slot 7.
contract Vault is Erc20 {
    address public asset;
    uint256 public rate;

    function convertToAssets(uint256 shares) external view returns (uint256) {
        return shares * rate / 1e18;
    }
}

/// A vault whose answer depends on who asks how much: it refuses more than 5 shares.
contract PickyVault is Erc20 {
    function convertToAssets(uint256 shares) external pure returns (uint256) {
        require(shares <= 5);
        return shares;
    }
}
