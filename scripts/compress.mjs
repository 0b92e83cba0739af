/**
 * Writes `.br` and `.gz` beside every file of pkg/ that the page loads. `karyolens serve` sends them in
 * the file's place; so does nginx with brotli_static and gzip_static. Files that are older than their
 * compressed copies are left alone.
 */
import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const pkg = fileURLToPath(new URL("../pkg/", import.meta.url));
const LOADED = /\.(js|json|wasm|safetensors)$/;
/** No page loads package.json; the lists of the page's files are written anew at each place that the page is copied to. */
const NOT_LOADED = ["package.json", "files.js", "files.json"];

/** The highest level of each: these files are made once and fetched often. */
const ENCODINGS = {
  ".br": (/** @type {Buffer} */ bytes) => promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }),
  ".gz": (/** @type {Buffer} */ bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

const names = (await readdir(pkg, { recursive: true })).map((name) => name.replaceAll("\\", "/"));
const loaded = names.filter((name) => LOADED.test(name) && !NOT_LOADED.includes(name));

// Copies of files that are gone.
for (const name of names) {
  const [plain] = Object.keys(ENCODINGS).filter((end) => name.endsWith(end)).map((end) => name.slice(0, -end.length));
  if (plain && !loaded.includes(plain)) await rm(join(pkg, name));
}

const written = loaded.flatMap((name) => Object.entries(ENCODINGS).map(([end, compress]) => ({ name, end, compress })));
await Promise.all(written.map(async ({ name, end, compress }) => {
  const source = join(pkg, name);
  const target = source + end;
  if ((await timeOf(target)) >= (await timeOf(source))) return;
  // The copy gets its name last, so a run that breaks off leaves no half copy under it.
  await writeFile(`${target}.part`, await compress(await readFile(source)));
  await rename(`${target}.part`, target);
}));

/** The time at which a file was written, in milliseconds; 0 for a missing file. @param {string} path */
async function timeOf(path) {
  return stat(path).then(({ mtimeMs }) => mtimeMs, () => 0);
}
