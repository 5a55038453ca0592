// Makes many calls in one eth_call without `to`: this is init code, and the "code" that it returns is the answer.
//
// Arguments, packed behind the code:
//   u32 gas for each call | u16 calls | u16 the longest answer that is returned
//   for each call: 20 bytes address | u16 length | call data
// Answer:
//   u8 version = 2 | u64 chain id | u64 block number | u64 block time | u32 the call that comes next
//   for each call made: u8 mark | u16 length | the returned bytes
//   Marks: 0 answered. 0xff: no code at the address. 0xfe: reverted. 0xfd: too long. 0xfc: used up its gas.
//
// It ends early when gas or room (EIP-170) could run out, as the scanner does.
object "Caller" {
  code {
    function blockNumber() -> n {
      n := number()
      // On Arbitrum NUMBER is Ethereum's; its ArbSys precompile has code, unlike what BSC keeps at 0x64.
      if extcodesize(0x64) {
        mstore(0x00, shl(224, 0xa3b1b31d)) // arbBlockNumber()
        if staticcall(100000, 0x64, 0x00, 0x04, 0x00, 0x20) {
          if eq(returndatasize(), 0x20) { n := mload(0x00) }
        }
      }
    }

    // Calls with the data at `from`, writes the answer to `to`.
    function call_(target, from, length, to, longest, allowance) -> mark, answered {
      let before := gas()
      switch staticcall(allowance, target, from, length, to, longest)
      case 0 {
        mark := 0xfe
        if gt(sub(before, gas()), allowance) { mark := 0xfc }
      }
      default {
        answered := returndatasize()
        if gt(answered, longest) {
          answered := 0
          mark := 0xfd
          leave
        }
        if iszero(or(answered, extcodesize(target))) { mark := 0xff }
      }
    }

    let size := sub(codesize(), datasize("Caller"))
    let args := 0x60
    codecopy(args, datasize("Caller"), size)
    let allowance := shr(224, mload(args))
    let calls := shr(240, mload(add(args, 4)))
    let longest := shr(240, mload(add(args, 6)))
    let from := add(args, 8)

    let number_ := blockNumber()
    let start := add(add(args, size), 0x20)
    let at := start
    let done := 0
    // What a call can cost: 64/63 of its allowance (EIP-150), and this loop with the memory of its answer.
    let perCall := add(add(allowance, div(allowance, 63)), add(20000, mul(10, longest)))
    for {} lt(done, calls) { done := add(done, 1) } {
      let used := add(sub(at, start), add(longest, 3))
      // 24,576 bytes less the 29 of the head; 200 gas a byte to return them.
      if or(gt(used, 24547), lt(gas(), add(perCall, mul(200, used)))) { break }
      let target := shr(96, mload(from))
      let length := shr(240, mload(add(from, 20)))
      let mark, answered := call_(target, add(from, 22), length, add(at, 3), longest, allowance)
      mstore8(at, mark)
      mstore8(add(at, 1), shr(8, answered))
      mstore8(add(at, 2), and(answered, 0xff))
      at := add(at, add(3, answered))
      from := add(from, add(22, length))
    }
    let chain := shl(160, and(chainid(), 0xffffffffffffffff))
    mstore(sub(start, 0x20), or(or(shl(224, 2), chain), or(or(shl(96, number_), shl(32, timestamp())), done)))
    return(sub(start, 29), add(sub(at, start), 29))
  }
}
