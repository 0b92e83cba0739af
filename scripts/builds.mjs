/**
 * Writes pkg/builds.js: which builds of the program there are, the fastest first, and how large
 * each is. A server that compresses does not tell the size, and asking for a build that is not
 * there would be an error on the console.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pkg = fileURLToPath(new URL("../pkg/", import.meta.url));

const builds = [
  { file: "karyolens_wasm_relaxed_bg.wasm", needsRelaxedSimd: true },
  { file: "karyolens_wasm_bg.wasm", needsRelaxedSimd: false },
].filter(({ file }) => existsSync(pkg + file));

// Each address is spelled out: so the tools that bundle pages find the files.
const lines = builds.map(({ file, needsRelaxedSimd }) =>
  `  { address: new URL("./${file}", import.meta.url), size: ${statSync(pkg + file).size}, needsRelaxedSimd: ${needsRelaxedSimd} },\n`);
const script = `/** Written by the build: the builds of the program, the fastest first. */\nexport const BUILDS = [\n${lines.join("")}];\n`;
const target = `${pkg}builds.js`;
if (!existsSync(target) || readFileSync(target, "utf8") !== script) writeFileSync(target, script);
