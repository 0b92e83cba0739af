/**
 * Lists every file that the page loads, from www/ and pkg/, by its address relative to the page,
 * with its size and SHA-256, and one version over them all. A browser needs one build of each kind of
 * the program: `onlyWhere` is for browsers that find `module` (in base64) valid, or for those that do
 * not. The same files give the same list.
 *
 * Writes the list twice: pkg/files.json for anyone, and pkg/files.js for the service worker (www/sw.js),
 * which can only import scripts. The argument is the folder that holds www/ and pkg/; without one it is
 * this repository.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RELAXED_SIMD_MODULE } from "../pkg/simd.js";

const root = process.argv[2] ? resolve(process.argv[2]) : fileURLToPath(new URL("../", import.meta.url));

/** The files of pkg/ that the page loads: code, wasm and models. Types and package.json are for embedders. */
const LOADED = /\.(js|wasm|safetensors)$|^models\.json$/;
/** The list cannot hold its own hash; the browser keeps this script as a part of the worker. */
const LIST = "files.js";
/** The files that a page can go without for longest come last. */
const LAST = "pkg/models/";

/** The two builds for the CPU. A browser takes one of them. */
const PAIR = { relaxed: "pkg/karyolens_cpu_relaxed_bg.wasm", plain: "pkg/karyolens_cpu_bg.wasm" };

const page = filesIn("www").map((name) => ({ path: name, source: join("www", name) }));
const packaged = filesIn("pkg")
  .filter((name) => LOADED.test(name) && name !== LIST)
  .map((name) => ({ path: `pkg/${name}`, source: join("pkg", name) }));

const hasBoth = Object.values(PAIR).every((path) => packaged.some((file) => file.path === path));
const files = [...page, ...packaged]
  .sort((a, b) => orderOf(a.path) - orderOf(b.path) || (a.path < b.path ? -1 : 1))
  .map(({ path, source }) => {
    const bytes = readFileSync(join(root, source));
    return { path, size: bytes.length, sha256: sha256(bytes), ...onlyWhere(path) };
  });
const list = JSON.stringify({ version: sha256(JSON.stringify(files)).slice(0, 16), files }, null, 2);
writeFileSync(join(root, "pkg/files.json"), `${list}\n`);
writeFileSync(join(root, "pkg", LIST), `self.karyolensFiles = ${list};\n`);

/** The browsers that a build of the program is for; nothing for other files. @param {string} path */
function onlyWhere(path) {
  if (!hasBoth || !Object.values(PAIR).includes(path)) return {};
  return { onlyWhere: { module: Buffer.from(RELAXED_SIMD_MODULE).toString("base64"), valid: path === PAIR.relaxed } };
}

/** The page, its code and the model it opens with before the other models. @param {string} path */
function orderOf(path) {
  return path.startsWith(LAST) ? 1 : 0;
}

/** @param {string | Buffer} bytes */
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Relative paths with forward slashes, as in addresses. @param {string} folder */
function filesIn(folder) {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => statSync(join(root, folder, name)).isFile())
    .map((name) => name.replaceAll("\\", "/"));
}
