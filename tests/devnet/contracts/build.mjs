// Compiles the .sol files beside it into runtime.json, contract name → the code that an account holds:
// `node tests/devnet/contracts/build.mjs [folder to write to]`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = process.argv[2] ?? here;
const files = readdirSync(here).filter((name) => name.endsWith(".sol"));

const input = {
  language: "Solidity",
  sources: Object.fromEntries(files.map((file) => [file, { content: readFileSync(join(here, file), "utf8") }])),
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["evm.deployedBytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors ?? []).filter((each) => each.severity === "error");
if (errors.length > 0) throw new Error(errors.map((each) => each.formattedMessage).join("\n"));

const contracts = Object.assign({}, ...files.map((file) => output.contracts[file]));
const names = Object.keys(contracts).sort();
const runtime = Object.fromEntries(names.map((name) => [name, `0x${contracts[name].evm.deployedBytecode.object}`]));
writeFileSync(join(target, "runtime.json"), `${JSON.stringify(runtime, null, 1)}\n`);
