// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// Tokens that misbehave, each in one way.

contract RevertingToken {
    function balanceOf(address) external pure returns (uint256) {
        revert("no");
    }
}

contract GasBurningToken {
    function balanceOf(address) external pure returns (uint256) {
        while (true) {}
        return 1;
    }
}

contract SilentToken {
    fallback() external {}
}

contract ShortToken {
    fallback() external {
        assembly { return(0, 31) }
    }
}

contract LongToken {
    fallback() external {
        assembly {
            mstore(0x20, 7)
            return(0, 64)
        }
    }
}

contract HugeToken {
    fallback() external {
        assembly { return(0, 2000000) }
    }
}

/// Reverts for one wallet and holds 7 for every other; the wallet is in slot 0.
contract PickyToken {
    address internal refused;

    function balanceOf(address holder) external view returns (uint256) {
        require(holder != refused);
        return 7;
    }
}

/// Its symbol claims to be longer than the answer, its name points outside of it.
contract LyingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 5;
    }

    function decimals() external pure returns (uint256) {
        return 18;
    }

    function symbol() external pure {
        assembly {
            mstore(0x00, 0x20)
            mstore(0x20, not(0))
            return(0x00, 0x60)
        }
    }

    function name() external pure {
        assembly {
            mstore(0x00, not(0))
            mstore(0x20, 4)
            return(0x00, 0x60)
        }
    }
}

/// More decimals than a uint8 has.
contract FractionalToken {
    function decimals() external pure returns (uint256) {
        return 256;
    }
}
