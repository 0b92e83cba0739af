/** The way of the files to a browser: their compression, their caching, and the size of a first visit. */

import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { PATIENCE, REPOSITORY, folderFor, openSite, serve, withPage } from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** The largest code (JavaScript and wasm) of a first visit for each kind of program, in bytes. */
const BUDGETS = {
  cpu: { gzip: 1_050_000, br: 840_000 },
  webgpu: { gzip: 2_720_000, br: 2_000_000 },
};

/** The inverse of each encoding. @type {Record<string, (bytes: Buffer) => Buffer>} */
const DECODE = { br: brotliDecompressSync, gzip: gunzipSync };

test("the package is sent as compressed as the browser takes it", { timeout }, async () => {
  const { files } = JSON.parse(await readFile(join(REPOSITORY, "pkg/files.json"), "utf8"));
  /** @type {string[]} */
  const paths = files.map((/** @type {{path: string}} */ file) => file.path);
  const packaged = paths.filter((path) => path.startsWith("pkg/"));
  assert.ok(packaged.includes("pkg/karyolens_cpu_bg.wasm") && packaged.includes("pkg/model.safetensors"));
  for (const path of packaged) {
    const whole = await readFile(join(REPOSITORY, path));
    const plain = await get(path, {});
    assert.equal(plain.headers["content-encoding"], undefined, path);
    assert.ok(plain.body.equals(whole), path);
    for (const [accepted, encoding] of [["gzip, deflate, br, zstd", "br"], ["gzip, deflate", "gzip"]]) {
      const { headers, body } = await get(path, { "accept-encoding": accepted });
      assert.equal(headers["content-encoding"], encoding, path);
      assert.equal(headers["content-type"], plain.headers["content-type"], path);
      assert.equal(headers["content-length"], String(body.length), path);
      assert.match(headers.vary ?? "", /accept-encoding/i, path);
      assert.ok(body.length < whole.length, path);
      assert.ok(DECODE[encoding](body).equals(whole), path);
      assert.notEqual(headers.etag, plain.headers.etag, path);
    }
  }
  const types = new Map([
    ["pkg/karyolens_cpu_bg.wasm", /^application\/wasm$/],
    ["pkg/worker.js", /^text\/javascript/],
    ["pkg/models.json", /^application\/json/],
    ["pkg/model.safetensors", /^application\/octet-stream$/],
  ]);
  for (const [path, type] of types) assert.match((await get(path, {})).headers["content-type"] ?? "", type);
});

test("what the browser has already is not sent again, what has changed is", { timeout }, async (t) => {
  const root = await folderFor(t);
  for (const part of ["www", "pkg"]) await mkdir(join(root, part));
  for (const file of ["www/index.html", "pkg/index.js"]) await cp(join(REPOSITORY, file), join(root, file));
  const copy = await serve({ args: ["serve", "--root", root] });
  t.after(copy.stop);

  const first = await get("index.html", {}, copy.address);
  assert.equal(first.status, 200);
  const tag = first.headers.etag ?? "";
  assert.match(tag, /^"[0-9a-f]+"$/);
  assert.equal(first.headers["cache-control"], "no-cache");
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const { status, headers, body } = await get("index.html", { "if-none-match": known }, copy.address);
    assert.deepEqual([status, headers.etag, body.length], [304, tag, 0], known);
    assert.match(headers.vary ?? "", /accept-encoding/i);
  }
  assert.equal((await get("index.html", { "if-none-match": '"other"' }, copy.address)).status, 200);

  // Another file with the date of the old one, as unpacking an archive may leave it.
  const date = first.headers["last-modified"] ?? "";
  await writeFile(join(root, "www/index.html"), "<!doctype html><title>Second</title>");
  const second = await get("index.html", { "if-none-match": tag, "if-modified-since": date }, copy.address);
  assert.equal(second.status, 200);
  assert.notEqual(second.headers.etag, tag);
  const later = new Date(Date.now() + 3_600_000).toUTCString();
  assert.equal((await get("index.html", { "if-modified-since": later }, copy.address)).status, 200);
});

for (const kind of /** @type {const} */ (["cpu", "webgpu"])) test(`a first visit's code is within its budget: ${kind}`, { timeout }, async () => {
  await withPage(browser, async (page) => {
    /** @type {import("playwright-core").Request[]} */
    const requests = [];
    page.on("request", (request) => requests.push(request));
    await page.goto(`${server.address}?device=${kind}`);
    // This browser has no WebGPU, and says so once it has the code.
    await page.locator(`html[data-state=${kind === "cpu" ? "ready" : "failed"}]`).waitFor();
    // Rooms of the page that are fetched ahead come after it is ready, some of them before this line.
    const ready = await page.evaluate(() => performance.timeOrigin + (performance.getEntriesByName("ready")[0]?.startTime ?? Infinity));
    const paths = new Set();
    for (const request of requests) {
      await request.response();
      if (request.url().startsWith(server.address) && request.timing().startTime <= ready) paths.add(new URL(request.url()).pathname);
    }
    const code = [...paths].filter((path) => /\.(js|wasm)$/.test(path));
    for (const part of ["/main.js", "/pkg/index.js", "/pkg/worker.js", `/pkg/karyolens_${kind}.js`]) {
      assert.ok(code.includes(part), `${part} is not among ${code.join(" ")}`);
    }
    const modules = code.filter((path) => path.endsWith(".wasm"));
    assert.equal(modules.length, 1, modules.join(" "));

    const sizes = { gzip: 0, br: 0 };
    for (const path of code) {
      const file = join(REPOSITORY, path.startsWith("/pkg/") ? path : `www${path}`);
      sizes.gzip += (await compressed(file, ".gz", (bytes) => gzipSync(bytes, { level: 9 }))).length;
      sizes.br += (await compressed(file, ".br", brotliCompressSync)).length;
    }
    console.log(`a first visit's code, ${kind}: ${sizes.gzip} bytes with gzip, ${sizes.br} with brotli`);
    for (const encoding of /** @type {const} */ (["gzip", "br"])) {
      const budget = BUDGETS[kind][encoding];
      assert.ok(sizes[encoding] <= budget, `${encoding}: ${sizes[encoding]} of ${budget} bytes`);
    }
  });
});

/**
 * The compressed file: of the package the one that lies beside it, of the page one made here.
 *
 * @param {string} file
 * @param {string} end
 * @param {(bytes: Buffer) => Buffer} compress
 */
async function compressed(file, end, compress) {
  return file.startsWith(join(REPOSITORY, "pkg/")) ? readFile(file + end) : compress(await readFile(file));
}

/**
 * A request that adds no headers of its own, neither for encodings nor for caching.
 *
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string} [address]
 * @returns {Promise<{status: number | undefined, headers: import("node:http").IncomingHttpHeaders, body: Buffer}>}
 */
function get(path, headers, address = server.address) {
  return new Promise((resolve, reject) => {
    const asked = request(address + path, { headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    });
    asked.once("error", reject).end();
  });
}
