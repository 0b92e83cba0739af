/**
 * The parts that all browser tests share: the built program, the server, Chromium, a page that is
 * watched, and the rows of the page's table.
 */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { accessSync, appendFileSync, constants, existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Prediction } from "../../pkg/index.js" */
/** One object of `karyolens predict --json`. @typedef {Prediction & {file: string, error?: string}} Predicted */
/** The complaints and requests of a watched page. @typedef {{complaints: string[], requests: string[]}} Seen */

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
/** The checkpoint that the page ships with. */
export const SHIPPED_MODEL = join(REPOSITORY, "models/default.safetensors");
/** Data and reference networks outside the repository; most machines lack them. */
export const SHARED = resolve(REPOSITORY, process.env.KARYOLENS_SHARED ?? "../shared");

const BINARY = resolve(REPOSITORY, process.env.KARYOLENS_BIN ?? "target/release/karyolens");

/**
 * Only the page may use the network: a request of the browser itself would hide a request of the page.
 * The sandbox needs a kernel feature that containers lack.
 */
const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/** Chromium's warning to a page that asks for a GPU where there is none. */
const NO_GPU = "No available adapters.";

/** The reason to skip a test that takes long and rarely fails, or false where `make test-all` runs. */
export const SKIP_LONG = process.env.KARYOLENS_LONG ? false : "long: make test-all runs it";

/** Long enough for the software adapter to compile its shaders on two busy cores. */
export const PATIENCE = 300_000;
/** A wait ends before its test does, so that the failure names the element that did not come. */
const PATIENCE_OF_ONE_WAIT = PATIENCE - 60_000;

/** Runs the program and gives its output. @param {...string} args */
export async function karyolens(...args) {
  const { stdout } = await promisify(execFile)(BINARY, args, { cwd: REPOSITORY, maxBuffer: 2 ** 26 });
  return stdout;
}

/**
 * The answers of `karyolens predict` for files, all of which must be readable.
 *
 * @param {string} model
 * @param {string[]} files
 * @returns {Promise<Predicted[]>}
 */
export async function predict(model, files) {
  return JSON.parse(await karyolens("predict", "--model", model, "--json", ...files));
}

/**
 * Draws a synthetic cell; the extension of `file` chooses the format.
 *
 * @param {string} file
 * @param {string} features
 * @param {number} seed
 */
export async function render(file, features, seed) {
  await karyolens("render", "--features", features, "--seed", String(seed), "-o", file);
  return file;
}

/** A folder of its own for one test. @param {import("node:test").TestContext} test */
export async function folderFor(test) {
  const folder = await mkdtemp(join(tmpdir(), "karyolens-browser-"));
  test.after(() => rm(folder, { recursive: true }));
  return folder;
}

/**
 * Serves a page on a free port: the repository's own, or the one that `command` finds in `folder`.
 * `stop` gives a promise of the server's end.
 *
 * @param {{command?: string, args?: string[], folder?: string, environment?: Record<string, string>}} [options]
 */
export async function serve({ command = BINARY, args = ["serve"], folder = REPOSITORY, environment = {} } = {}) {
  const server = spawn(command, [...args, "--port", "0"], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((end) => server.once("exit", end));
  const stop = () => {
    server.kill();
    return ended;
  };
  process.once("exit", stop);
  /** @type {string} */
  const address = await new Promise((found, failed) => {
    let said = "";
    server.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      const line = /^Karyolens is at (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(said);
      if (line) found(line[1]);
    });
    server.once("error", failed);
    server.once("exit", (code) => failed(new Error(`${command} ended with ${code}: ${said}`)));
  });
  return { address, stop };
}

/** The server of this process. @type {ReturnType<typeof serve> | undefined} */
let shared;
/** Its browsers, with and without WebGPU. @type {Map<boolean, Promise<Browser>>} */
const browsers = new Map();

/**
 * The server and the browser that all tests of a process share; both end with it. Call it at the top of a
 * test file: within a test they would end with that test.
 *
 * @param {{webgpu: boolean}} options as {@link launch} takes them
 */
export async function openSite({ webgpu }) {
  if (!shared) {
    shared = serve();
    after(async () => (await shared)?.stop());
  }
  const browser = browsers.get(webgpu) ?? launch({ webgpu });
  if (!browsers.has(webgpu)) {
    browsers.set(webgpu, browser);
    after(async () => (await browser).close());
  }
  return { server: await shared, browser: await browser };
}

/** @param {{webgpu: boolean}} options whether the software adapter is let in, as a test needs it */
export function launch({ webgpu }) {
  return chromium.launch({
    executablePath: findChromium(),
    args: webgpu ? [...CHROMIUM_FLAGS, "--enable-unsafe-webgpu"] : CHROMIUM_FLAGS,
  });
}

function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = ["chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(isExecutable);
  if (!found) throw new Error("no Chromium in PATH; set CHROMIUM to its executable");
  return found;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens a new page for `body`. Afterwards the page must have made no error or warning on its console or
 * its workers', no uncaught exception, and no request that left this machine. A test names the complaints
 * that it causes itself in `expected`. The browser cannot save the page for offline use unless `canSave`
 * lets it.
 *
 * @param {Browser} browser
 * @param {(page: Page, seen: Seen) => Promise<void>} body
 * @param {{expected?: RegExp, canSave?: boolean} & import("playwright-core").BrowserContextOptions} [options]
 */
export async function withPage(browser, body, { expected, canSave = false, ...context } = {}) {
  const surroundings = await browser.newContext(context);
  if (!canSave) await surroundings.addInitScript(() => void Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  const page = await surroundings.newPage();
  page.setDefaultTimeout(PATIENCE_OF_ONE_WAIT);
  /** @type {Seen} */
  const seen = { complaints: [], requests: [] };
  page.on("console", (message) => {
    const isComplaint = ["error", "warning"].includes(message.type()) && message.text() !== NO_GPU;
    if (isComplaint) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    // A test may leave the page with unsaved results.
    if (dialog.type() === "beforeunload") {
      void dialog.accept();
      return;
    }
    seen.complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // Chromium shows its own file dialog unless somebody listens, and needs a moment to notice the listener.
  // So the page has one from the start.
  page.on("filechooser", () => {});
  page.on("request", (request) => seen.requests.push(request.url()));
  try {
    await body(page, seen);
    assert.deepEqual(seen.complaints.filter((text) => !expected?.test(text)), []);
    assert.deepEqual(seen.requests.filter(leavesTheMachine), []);
  } finally {
    await surroundings.close();
  }
}

/** @param {string} url */
function leavesTheMachine(url) {
  return !/^(http:\/\/127\.0\.0\.1:\d+\/|blob:http:\/\/127\.0\.0\.1:\d+\/|data:)/.test(url);
}

/**
 * Opens an empty document of the server's origin, for a script that uses the package by itself.
 *
 * @param {Page} page
 * @param {string} address the server's
 * @param {string} [body]
 */
export async function openBlank(page, address, body = "") {
  const html = `<!doctype html><title>blank</title><link rel="icon" href="data:,">${body}`;
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${address}blank.html`);
}

/** Waits until the classifier is ready. Fails at once if the page says that it cannot start. @param {Page} page */
export async function ready(page) {
  await page.locator("html:is([data-state=ready], [data-state=failed])").waitFor();
  const state = await page.locator("html").getAttribute("data-state");
  assert.equal(state, "ready", await page.locator("#status").innerText());
}

/**
 * A `DataTransfer` in the page that holds the files; a pair gives a file another name.
 *
 * @param {Page} page
 * @param {(string | {path: string, name: string})[]} files
 */
export async function transferOf(page, files) {
  const contents = await Promise.all(
    files.map(async (file) => {
      const { path, name } = typeof file === "string" ? { path: file, name: basename(file) } : file;
      return { name, base64: (await readFile(path)).toString("base64") };
    }),
  );
  return page.evaluateHandle((contents) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of contents) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    return transfer;
  }, contents);
}

/** Drops files on the page. @param {Page} page @param {(string | {path: string, name: string})[]} files */
export async function drop(page, files) {
  const dataTransfer = await transferOf(page, files);
  await page.dispatchEvent("main", "dragover", { dataTransfer });
  await page.dispatchEvent("main", "drop", { dataTransfer });
}

/** Drops a folder, as a file manager would. @param {Page} page @param {string} folder */
export async function dropFolder(page, folder) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
    await session.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  }
  await session.detach();
}

/**
 * Waits until `count` rows are read or have failed, and gives the contents of all rows.
 *
 * @param {Page} page
 * @param {number} count
 */
export async function settledRows(page, count) {
  const settled = page.locator("#rows > li:is([data-state=done], [data-state=failed])");
  await settled.nth(count - 1).waitFor();
  return page.locator("#rows > li").evaluateAll((rows) =>
    rows.map((row) => {
      const text = (/** @type {string} */ selector) => row.querySelector(selector)?.textContent ?? "";
      const risk = /** @type {HTMLElement} */ (row.querySelector(".risk"));
      const items = /** @type {HTMLElement[]} */ ([...row.querySelectorAll("[data-feature]")]);
      return {
        name: text(".name"),
        state: /** @type {HTMLElement} */ (row).dataset.state,
        message: text(".message"),
        risk: risk.hidden ? null : { level: risk.dataset.level, score: Number(risk.dataset.score) },
        features: items.map(({ dataset }) => ({
          name: dataset.feature,
          probability: Number(dataset.probability),
          present: dataset.present === "true",
        })),
      };
    }),
  );
}

/**
 * The page's row and the program's agree: they have the same features in the same order, and every
 * probability within 1e-3. Their calls are the same, except for a probability that close to its threshold.
 *
 * @param {Awaited<ReturnType<typeof settledRows>>[number]} row
 * @param {Predicted} predicted
 */
export function assertAgrees(row, predicted) {
  assert.equal(row.state, "done", `${row.name}: ${row.message}`);
  assert.deepEqual(row.features.map((one) => one.name), predicted.features.map((one) => one.name));
  let clear = true;
  predicted.features.forEach(({ name, probability, threshold, present }, index) => {
    const shown = row.features[index];
    const distance = Math.abs(shown.probability - probability);
    assert.ok(distance <= 1e-3, `${row.name}, ${name}: ${shown.probability} here, ${probability} by predict`);
    if (Math.abs(probability - threshold) > 1e-3) assert.equal(shown.present, present, `${row.name}, ${name}`);
    else clear = false;
  });
  if (clear) assert.deepEqual(row.risk, predicted.risk);
}

/**
 * The reason to skip a test that needs a folder of KARYOLENS_SHARED, or false if the folder exists. A
 * skip is printed and written to KARYOLENS_SKIP_LOG, so that nobody takes it for a pass.
 *
 * @param {string} test
 * @param {string} folder
 */
export function skipWithoutShared(test, folder) {
  if (existsSync(join(SHARED, folder))) return false;
  const line = `SKIPPED (KARYOLENS_SHARED): ${test}`;
  console.log(line);
  if (process.env.KARYOLENS_SKIP_LOG) appendFileSync(process.env.KARYOLENS_SKIP_LOG, `${line}\n`);
  return `${join(SHARED, folder)} is not on this machine`;
}

/** A checkpoint with other names for its features. @param {Buffer} checkpoint @param {string[]} names */
export function withFeatures(checkpoint, names) {
  const start = 8 + Number(checkpoint.readBigUInt64LE());
  const header = JSON.parse(checkpoint.toString("utf8", 8, start));
  const metadata = header.__metadata__;
  metadata.karyolens = JSON.stringify({ ...JSON.parse(metadata.karyolens), features: names });
  const json = JSON.stringify(header);
  // Tensors start at a multiple of 8 bytes.
  const text = Buffer.from(json + " ".repeat(-Buffer.byteLength(json) & 7));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, checkpoint.subarray(start)]);
}
