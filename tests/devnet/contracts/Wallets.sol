// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// A wallet that is a contract: what its owner (slot 0) signed is signed by it (EIP-1271).
contract OwnedWallet {
    address public owner;

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        address signer = ecrecover(digest, uint8(signature[64]), r, s);
        return signer == owner && signer != address(0) ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// One that takes every signature, and says so with more bytes than four.
contract CarelessWallet {
    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(bytes4(0x1626ba7e), "yes");
    }
}
