// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Erc20} from "Erc20.sol";

/// Wraps the native coin as WETH9 does: no Transfer for what is wrapped.
contract WrappedNative is Erc20 {
    event Deposit(address indexed owner, uint256 amount);
    event Withdrawal(address indexed owner, uint256 amount);

    function deposit() external payable {
        held[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    function withdraw(uint256 amount) external {
        held[msg.sender] -= amount;
        emit Withdrawal(msg.sender, amount);
        payable(msg.sender).transfer(amount);
    }
}

/// Gives whoever asks as much as they ask for.
contract MintableToken is Erc20 {
    function mint(uint256 amount) external {
        held[msg.sender] += amount;
        emit Transfer(address(0), msg.sender, amount);
    }
}

/// Trades at any price, out of what it holds.
contract Pool {
    receive() external payable {}

    function swap(Erc20 given, uint256 amount, Erc20 wanted, uint256 payout) external {
        given.transferFrom(msg.sender, address(this), amount);
        wanted.transfer(msg.sender, payout);
    }

    function sellForNative(Erc20 given, uint256 amount, uint256 payout) external {
        given.transferFrom(msg.sender, address(this), amount);
        payable(msg.sender).transfer(payout);
    }

    function buyWithNative(Erc20 wanted, uint256 payout, uint256 refund) external payable {
        wanted.transfer(msg.sender, payout);
        payable(msg.sender).transfer(refund);
    }

    function fail() external payable {
        revert("no");
    }
}

/// Writes any log that it is told to: a word with the number of topics, four topics, and the data.
contract Forger {
    fallback() external {
        assembly {
            let count := calldataload(0)
            let size := sub(calldatasize(), 160)
            calldatacopy(0, 160, size)
            switch count
            case 0 { log0(0, size) }
            case 1 { log1(0, size, calldataload(32)) }
            case 2 { log2(0, size, calldataload(32), calldataload(64)) }
            case 3 { log3(0, size, calldataload(32), calldataload(64), calldataload(96)) }
            default { log4(0, size, calldataload(32), calldataload(64), calldataload(96), calldataload(128)) }
        }
    }
}
