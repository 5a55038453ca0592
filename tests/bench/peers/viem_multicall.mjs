// viem's multicall as its users write it: stdin {url, multicall, wallet, tokens, runs}, stdout {seconds, held}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../devnet/package.json", import.meta.url));
const { createPublicClient, erc20Abi, http } = require("viem");

const { url, multicall, wallet, tokens, runs } = JSON.parse(readFileSync(0, "utf8"));
const client = createPublicClient({ transport: http(url) });

async function read() {
  const contracts = tokens.map((address) => ({ address, abi: erc20Abi, functionName: "balanceOf", args: [wallet] }));
  const results = await client.multicall({ contracts, multicallAddress: multicall });
  return results.filter((each) => each.result > 0n).length;
}

const seconds = [];
let held = 0;
for (let run = 0; run < runs; run++) {
  const start = performance.now();
  held = await read();
  seconds.push((performance.now() - start) / 1000);
}
console.log(JSON.stringify({ seconds, held }));
