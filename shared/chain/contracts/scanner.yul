// Reads the balances of many wallets in many tokens, and the native coin, in one eth_call without `to`: this
// is init code, and the "code" that it returns is the answer.
//
// Arguments, packed behind the code:
//   u32 gas for each balanceOf | u16 wallets | u16 tokens | u32 first pair
//   20 bytes for each wallet, then 20 bytes for each token; the zero address stands for the native coin
// Answer:
//   u8 version = 2 | u64 chain id | u64 block number | u64 block time | u32 the pair that comes next
//   and only for pairs with something to tell, in ascending order: u16 pair | u8 length | the balance's bytes
//   A length of 0xff: no code at the token's address. 0xfe: balanceOf reverted. 0xfd: it did not return 32 bytes.
//   0xfc: it used up its gas. After 0xff and 0xfc the token's further wallets are passed over.
//
// Pair p is token p / wallets and wallet p % wallets: the account of a token is cold only once. The scan ends early
// when gas or room (EIP-170) could run out, so "the pair that comes next" is progress and not an error.
object "Scanner" {
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

    // The balance, or why there is none: a mark is zero or one of the lengths above.
    function balanceOf(token, wallet, allowance) -> raw, mark {
      if iszero(token) {
        raw := balance(wallet)
        leave
      }
      mstore(0x00, shl(224, 0x70a08231)) // balanceOf(address)
      mstore(0x04, wallet)
      let before := gas()
      switch staticcall(allowance, token, 0x00, 0x24, 0x40, 0x20)
      case 0 {
        mark := 0xfe
        if gt(sub(before, gas()), allowance) { mark := 0xfc }
      }
      default {
        if eq(returndatasize(), 0x20) {
          raw := mload(0x40)
          leave
        }
        mark := 0xfd
        if iszero(or(returndatasize(), extcodesize(token))) { mark := 0xff }
      }
    }

    function byteLength(raw) -> n {
      for {} raw { raw := shr(8, raw) } { n := add(n, 1) }
    }

    let size := sub(codesize(), datasize("Scanner"))
    let args := 0x60
    codecopy(args, datasize("Scanner"), size)
    let allowance := shr(224, mload(args))
    let wallets := shr(240, mload(add(args, 4)))
    let pairs := mul(wallets, shr(240, mload(add(args, 6))))
    let pair := shr(224, mload(add(args, 8)))
    let walletsAt := add(args, 12)
    let tokensAt := add(walletsAt, mul(20, wallets))

    let number_ := blockNumber()
    let start := add(add(args, size), 0x20)
    let at := start
    // What a pair can cost: 64/63 of its allowance (EIP-150), its record, and this loop.
    let perPair := add(add(allowance, div(allowance, 63)), 20000)
    for {} lt(pair, pairs) {} {
      let used := sub(at, start)
      // 24,576 bytes less the 29 of the head and the 35 of a record; 200 gas a byte to return them.
      if or(gt(used, 24512), lt(gas(), add(perPair, mul(200, used)))) { break }
      let token := shr(96, mload(add(tokensAt, mul(20, div(pair, wallets)))))
      let wallet := shr(96, mload(add(walletsAt, mul(20, mod(pair, wallets)))))
      let raw, length := balanceOf(token, wallet, allowance)
      if raw { length := byteLength(raw) }
      if length {
        mstore(at, or(shl(240, pair), shl(232, length)))
        at := add(at, 3)
        if raw {
          mstore(at, shl(sub(256, mul(8, length)), raw))
          at := add(at, length)
        }
      }
      switch or(eq(length, 0xff), eq(length, 0xfc))
      case 0 { pair := add(pair, 1) }
      default { pair := mul(add(div(pair, wallets), 1), wallets) }
    }
    let chain := shl(160, and(chainid(), 0xffffffffffffffff))
    mstore(sub(start, 0x20), or(or(shl(224, 2), chain), or(or(shl(96, number_), shl(32, timestamp())), pair)))
    return(sub(start, 29), add(sub(at, start), 29))
  }
}
