// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// Arbitrum's precompile at 0x64: the chain's own block number, here the one in slot 0.
contract ArbSys {
    uint256 public arbBlockNumber;
}
