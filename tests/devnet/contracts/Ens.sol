// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// Answers as ENS's Universal Resolver does, from tables: slot 0 maps a node to its address.
/// It believes its gateways, whose answer is the encoded address.
contract UniversalResolver {
    enum Form {
        Direct, // the resolver's lookup is passed on
        Batch, // the resolver's lookup is the only one of a batch
        Foreign // the lookup is in the name of another contract
    }

    struct OffchainName {
        Form form;
        uint256 lookups; // this many, one after the other
        string[] urls;
    }

    struct Request {
        address sender;
        string[] urls;
        bytes data;
    }

    mapping(bytes32 => address) internal addresses;
    mapping(bytes32 => OffchainName) internal offchain;

    error ResolverNotFound(bytes name);
    error ResolverError(bytes errorData);
    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    function keepOffchain(bytes32 node, Form form, uint256 lookups, string[] calldata urls) external {
        offchain[node] = OffchainName(form, lookups, urls);
    }

    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] calldata gateways)
        external
        view
        returns (bytes memory result, address resolver)
    {
        bytes32 node = abi.decode(data[4:], (bytes32));
        if (offchain[node].lookups > 0) lookUp(node, offchain[node].lookups, gateways, data);
        address found = addresses[node];
        if (found == address(1)) return ("", address(this)); // a resolver, and no address set
        if (found == address(2)) revert ResolverError("");
        if (found == address(0)) revert ResolverNotFound(name);
        return (abi.encode(found), address(this));
    }

    function onAnswer(bytes calldata response, bytes calldata extra) external view returns (bytes memory, address) {
        return (finish(response, extra), address(this));
    }

    function onBatch(bytes calldata response, bytes calldata extra) external view returns (bytes memory, address) {
        (bool[] memory failures, bytes[] memory responses) = abi.decode(response, (bool[], bytes[]));
        bytes memory only = responses[0];
        if (failures[0]) {
            assembly { revert(add(only, 32), mload(only)) }
        }
        return (finish(only, extra), address(this));
    }

    function finish(bytes memory answer, bytes calldata extra) internal view returns (bytes memory) {
        (bytes32 node, uint256 left, string[] memory gateways, bytes memory data) =
            abi.decode(extra, (bytes32, uint256, string[], bytes));
        if (left > 0) lookUp(node, left, gateways, data);
        return answer;
    }

    function lookUp(bytes32 node, uint256 lookups, string[] memory gateways, bytes memory data) internal view {
        OffchainName storage name = offchain[node];
        bytes memory extra = abi.encode(node, lookups - 1, gateways, data);
        if (name.form == Form.Batch) {
            Request[] memory requests = new Request[](1);
            requests[0] = Request(address(this), name.urls, data);
            bytes memory query = abi.encodeWithSignature("query((address,string[],bytes)[])", requests);
            revert OffchainLookup(address(this), gateways, query, this.onBatch.selector, extra);
        }
        address sender = name.form == Form.Foreign ? address(1) : address(this);
        revert OffchainLookup(sender, name.urls, data, this.onAnswer.selector, extra);
    }
}
