/**
 * Writes pkg/builds.js: the builds of the program with their sizes, the fastest of each kind first (see
 * pkg/gpu.js). The page needs the list: a server that compresses does not tell the size, and a request
 * for a missing build would be an error on the console.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pkg = fileURLToPath(new URL("../pkg/", import.meta.url));

const builds = [
  { kind: "cpu", file: "karyolens_cpu_relaxed_bg.wasm", needsRelaxedSimd: true },
  { kind: "cpu", file: "karyolens_cpu_bg.wasm", needsRelaxedSimd: false },
  { kind: "webgpu", file: "karyolens_webgpu_bg.wasm", needsRelaxedSimd: false },
].filter(({ file }) => existsSync(pkg + file));

// Each address is spelled out, so that bundlers find the files.
const lines = builds.map(({ kind, file, needsRelaxedSimd }) =>
  `  { kind: "${kind}", address: new URL("./${file}", import.meta.url), size: ${statSync(pkg + file).size}, needsRelaxedSimd: ${needsRelaxedSimd} },\n`);
const script = `/** Written by the build: the builds of the program, the fastest of each kind first. */\nexport const BUILDS = [\n${lines.join("")}];\n`;
const target = `${pkg}builds.js`;
if (!existsSync(target) || readFileSync(target, "utf8") !== script) writeFileSync(target, script);
