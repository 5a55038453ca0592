// The steps of Zapper's guide with an EventSource from npm: stdin {url}, stdout what a client has at the end.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../devnet/package.json", import.meta.url));
const { EventSource } = await import(pathToFileURL(require.resolve("eventsource")).href);

const { url } = JSON.parse(readFileSync(0, "utf8"));
const balances = {};
const totals = new Map();
const seen = [];
const errors = [];

const source = new EventSource(url);
source.addEventListener("balance", ({ data }) => {
  const payload = JSON.parse(data);
  seen.push(`${payload.network} ${payload.appId}`);
  errors.push(...payload.errors);
  for (const [category, tokens] of Object.entries(payload.balance))
    balances[category] = { ...balances[category], ...tokens };
  for (const total of payload.totals) totals.set(total.key, total);
});
source.addEventListener("error", ({ code, message }) => {
  errors.push({ message: `${code} ${message}` });
  if (source.readyState === EventSource.CLOSED) finish();
});
source.addEventListener("end", finish);

function sum(parts) {
  return parts.reduce((total, { balanceUSD }) => total + balanceUSD, 0);
}

function finish() {
  source.close();
  const parts = [...totals.values()];
  const categories = Object.entries(balances).map(([name, tokens]) => [name, sum(Object.values(tokens))]);
  const netWorth = sum(parts);
  const netWorthWithoutNFT = sum(parts.filter(({ type }) => type !== "non-fungible-token"));
  const answer = { categories: Object.fromEntries(categories), netWorth, netWorthWithoutNFT, seen, errors };
  process.stdout.write(JSON.stringify(answer));
}
