/**
 * Writes pkg/builds.js: which builds of the program there are, of each kind (see pkg/gpu.js) the
 * fastest first, and how large each is. A server that compresses does not tell the size, and asking for a build that is not
 * there would be an error on the console.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pkg = fileURLToPath(new URL("../pkg/", import.meta.url));

const builds = [
  { kind: "cpu", file: "karyolens_cpu_relaxed_bg.wasm", needsRelaxedSimd: true },
  { kind: "cpu", file: "karyolens_cpu_bg.wasm", needsRelaxedSimd: false },
  { kind: "webgpu", file: "karyolens_webgpu_relaxed_bg.wasm", needsRelaxedSimd: true },
  { kind: "webgpu", file: "karyolens_webgpu_bg.wasm", needsRelaxedSimd: false },
].filter(({ file }) => existsSync(pkg + file));

// Each address is spelled out: so the tools that bundle pages find the files.
const lines = builds.map(({ kind, file, needsRelaxedSimd }) =>
  `  { kind: "${kind}", address: new URL("./${file}", import.meta.url), size: ${statSync(pkg + file).size}, needsRelaxedSimd: ${needsRelaxedSimd} },\n`);
const script = `/** Written by the build: the builds of the program, of each kind the fastest first. */\nexport const BUILDS = [\n${lines.join("")}];\n`;
const target = `${pkg}builds.js`;
if (!existsSync(target) || readFileSync(target, "utf8") !== script) writeFileSync(target, script);
