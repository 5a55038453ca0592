// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// Arbitrum's precompile at 0x64: the chain's own block number, here the one in slot 0.
contract ArbSys {
    uint256 public arbBlockNumber;
}

/// Answers as ENS's Universal Resolver does, from a table: slot 0 maps a node to its address.
contract UniversalResolver {
    mapping(bytes32 => address) internal addresses;

    error ResolverNotFound(bytes name);
    error ResolverError(bytes errorData);
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    function resolve(bytes calldata name, bytes calldata data)
        external
        view
        returns (bytes memory result, address resolver)
    {
        bytes32 node = abi.decode(data[4:], (bytes32));
        address found = addresses[node];
        if (found == address(1)) return ("", address(this)); // a resolver, and no address set
        if (found == address(2)) revert ResolverError("");
        if (found == address(3)) revert OffchainLookup(address(this), new string[](1), data, 0x12345678, "");
        if (found == address(0)) revert ResolverNotFound(name);
        return (abi.encode(found), address(this));
    }
}
