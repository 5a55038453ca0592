// Reads balances as viem's users do: stdin {url, multicall, wallets, tokens}, stdout [wallet][token] in decimal,
// the native coin first.
import { createPublicClient, erc20Abi, http } from "viem";
import { readFileSync } from "node:fs";

const { url, multicall, wallets, tokens } = JSON.parse(readFileSync(0, "utf8"));
const client = createPublicClient({ transport: http(url) });

async function balancesOf(wallet) {
  const contracts = tokens.map((address) => ({ address, abi: erc20Abi, functionName: "balanceOf", args: [wallet] }));
  const native = await client.getBalance({ address: wallet });
  const held = await client.multicall({ contracts, allowFailure: false, multicallAddress: multicall });
  return [native, ...held].map(String);
}

const balances = [];
for (const wallet of wallets) balances.push(await balancesOf(wallet));
console.log(JSON.stringify(balances));
