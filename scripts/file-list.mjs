/**
 * Writes pkg/files.json: every file that the page loads, from www/ and pkg/, by its address
 * relative to the page, with its size and SHA-256. The same files give the same list.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";

const root = new URL("../", import.meta.url);

/** Of pkg/ the page loads code, wasm and weights; the types and package.json are for embedders. */
const LOADED = /\.(js|wasm|safetensors)$/;

const page = filesIn("www/").map((name) => ({ path: name, source: `www/${name}` }));
const packaged = filesIn("pkg/")
  .filter((name) => LOADED.test(name))
  .map((name) => ({ path: `pkg/${name}`, source: `pkg/${name}` }));

const files = [...page, ...packaged]
  .sort((a, b) => (a.path < b.path ? -1 : 1))
  .map(({ path, source }) => {
    const bytes = readFileSync(new URL(source, root));
    return { path, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
writeFileSync(new URL("pkg/files.json", root), `${JSON.stringify({ files }, null, 2)}\n`);

/** @param {string} folder */
function filesIn(folder) {
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" });
  return names.filter((name) => statSync(new URL(folder + name, root)).isFile());
}
