// Compiles the .yul files beside it into .hex files: `node shared/chain/contracts/build.mjs [folder to write to]`.
// solc comes from tests/devnet, at the version that its package-lock.json pins.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(new URL("../../../tests/devnet/package.json", import.meta.url));
const solc = require("solc");
const target = process.argv[2] ?? here;

for (const file of readdirSync(here).filter((name) => name.endsWith(".yul"))) {
  const input = {
    language: "Yul",
    sources: { [file]: { content: readFileSync(join(here, file), "utf8") } },
    settings: {
      evmVersion: "istanbul", // no PUSH0 and no MCOPY: some chains have neither
      optimizer: { enabled: true, runs: 1000000, details: { yul: true } },
      outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((each) => each.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((each) => each.formattedMessage).join("\n"));
  const [contract] = Object.values(output.contracts[file]);
  writeFileSync(join(target, `${basename(file, ".yul")}.hex`), `${contract.evm.bytecode.object}\n`);
}
