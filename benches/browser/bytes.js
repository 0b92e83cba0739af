/** The download of a first visit: the code that the page really asks for, compressed. */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { REPOSITORY } from "../../tests/browser/harness.js";

/** @import { Browser } from "playwright-core" */

/**
 * In bytes: the code for a browser with a GPU, the smaller code for one without, and the default model.
 *
 * @typedef {object} Bytes
 * @property {number} code_gzip
 * @property {number | null} code_brotli
 * @property {number} cpu_code_gzip
 * @property {number | null} cpu_code_brotli
 * @property {number} model
 */

/** Wasm and JavaScript; pictures, texts and style are a few KB. */
const CODE = /\.(?:m?js|wasm)$/;

/** The highest level of each; the files of a package are compressed once and fetched often. */
const COMPRESS = {
  ".gz": (/** @type {Buffer} */ bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
  ".br": (/** @type {Buffer} */ bytes) => promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }),
};

/**
 * Opens the page as a first visitor, with WebGPU and on the CPU, and sums up its code.
 *
 * @param {Browser} browser
 * @param {string} address where the page is served
 * @param {{brotli: boolean}} options brotli at its highest level takes a minute
 * @returns {Promise<Bytes>}
 */
export async function bytesOfFirstVisit(browser, address, { brotli }) {
  const [code, cpuCode] = [await codeOf(browser, address, "webgpu"), await codeOf(browser, address, "cpu")];
  return {
    code_gzip: await sum(code, ".gz"),
    code_brotli: brotli ? await sum(code, ".br") : null,
    cpu_code_gzip: await sum(cpuCode, ".gz"),
    cpu_code_brotli: brotli ? await sum(cpuCode, ".br") : null,
    model: (await stat(fileOf("/pkg/model.safetensors"))).size,
  };
}

/**
 * The files of code that the page loads until it is ready, or finds that it cannot run there.
 *
 * @param {Browser} browser
 * @param {string} address
 * @param {"webgpu" | "cpu"} device
 */
async function codeOf(browser, address, device) {
  const context = await browser.newContext();
  // The files that the page saves once it is ready keep nobody waiting.
  await context.addInitScript(() => void Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  /** @type {Set<string>} */
  const paths = new Set();
  context.on("request", (request) => paths.add(new URL(request.url()).pathname));
  const page = await context.newPage();
  await page.goto(`${address}?device=${device}`);
  // A browser without WebGPU has all of the code by the time that it reports the lack.
  await page.locator(device === "cpu" ? "html[data-state=ready]" : ":is(html[data-state=ready], html[data-state=failed])").waitFor();
  await context.close();
  // The probe is the bench's own.
  return [...paths].filter((path) => CODE.test(path) && !path.startsWith("/bench/")).map(fileOf);
}

/** @param {string[]} files @param {keyof typeof COMPRESS} ending of the encoding's files */
async function sum(files, ending) {
  const sizes = await Promise.all(files.map(async (file) => (await COMPRESS[ending](await readFile(file))).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** @param {string} path of an address */
function fileOf(path) {
  return join(REPOSITORY, path.startsWith("/pkg/") ? path : join("www", path));
}
