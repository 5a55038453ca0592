// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// A plain token whose whole state is in storage, so that its code can be placed at any address.
/// tests/devnet/tokens.py writes the first four slots: keep their order.
contract Erc20 {
    mapping(address => uint256) internal held;
    uint8 public decimals;
    string public symbol;
    string public name;
    uint256 public totalSupply;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    function balanceOf(address holder) public view virtual returns (uint256) {
        return held[holder];
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        move(from, to, amount);
        return true;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function move(address from, address to, uint256 amount) internal virtual {
        held[from] -= amount;
        held[to] += amount;
        emit Transfer(from, to, amount);
    }
}

/// Holds shares and answers with units: what an xStock does after dividends and splits.
/// Its multiplier is in slot 6.
contract RebasingToken is Erc20 {
    uint256 public multiplier;

    function sharesOf(address holder) external view returns (uint256) {
        return held[holder];
    }

    function balanceOf(address holder) public view override returns (uint256) {
        return held[holder] * multiplier / 1e18;
    }

    function move(address from, address to, uint256 amount) internal override {
        uint256 shares = amount * 1e18 / multiplier;
        held[from] -= shares;
        held[to] += shares;
        emit Transfer(from, to, amount);
    }
}

/// Symbol and name as bytes32, as MKR has them.
contract Bytes32Token {
    mapping(address => uint256) public balanceOf;
    uint8 public decimals;
    bytes32 public symbol;
    bytes32 public name;
}
