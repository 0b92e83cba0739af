/** Networks of other libraries give their own library's answers in the browser, on either device. */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  PATIENCE, REPOSITORY, SHARED, SHIPPED_MODEL, assertAgrees, drop, folderFor, karyolens, openSite, openBlank,
  predict, ready, render, settledRows, skipWithoutShared, withPage,
} from "./harness.js";

/** @import { DeviceReport, Verification } from "../../pkg/index.js" */

/** Small networks with random weights, committed. */
const FIXTURES = join(REPOSITORY, "tests/fixtures/parity");
/** What `karyolens verify` allows, times max(1, largest |reference|). */
const TOLERANCE = 1e-4;

const { server, browser } = await openSite({ webgpu: true });

const timeout = PATIENCE;

const fixtures = readdirSync(FIXTURES);
assert.ok(fixtures.length > 0, `${FIXTURES} holds no network`);
for (const device of /** @type {const} */ (["cpu", "webgpu"])) {
  for (const name of fixtures) {
    test(`${name} gives its library's logits in the browser on ${device}`, { timeout }, async (t) => {
      await verifyInBrowser(t, join(FIXTURES, name), device);
    });
  }
}

const allOfShared = "the networks of KARYOLENS_SHARED give their libraries' outputs in the browser on the CPU";
test(allOfShared, { skip: skipWithoutShared(allOfShared, "parity") }, async (t) => {
  const folder = join(SHARED, "parity");
  for (const name of readdirSync(folder)) {
    await t.test(name, { timeout }, (t) => verifyInBrowser(t, join(folder, name), "cpu"));
  }
});

test("the shipped model reads a cell on WebGPU as the command line does", { timeout }, async (t) => {
  await readOnWebGpu(await folderFor(t), SHIPPED_MODEL);
});

test("a transformer reads cells on WebGPU as the command line does", { timeout }, async (t) => {
  const folder = await folderFor(t);
  // An input small enough for the software adapter.
  await readOnWebGpu(folder, await checkpointOf(join(FIXTURES, "timm_vit"), folder, "--input-size", "64"));
});

/**
 * The page, with `model` in the shipped one's place, reads pictures on WebGPU.
 *
 * @param {string} folder for the pictures
 * @param {string} model
 */
async function readOnWebGpu(folder, model) {
  const weights = await readFile(model);
  const files = await Promise.all([
    render(join(folder, "grooves.png"), "Grooves,Inclusion", 3),
    render(join(folder, "long.jpg"), "Elongation", 4),
  ]);
  const predicted = await predict(model, files);
  await withPage(browser, async (page) => {
    await watchGpu(page);
    await page.route("**/pkg/model.safetensors", (route) => route.fulfill({ body: weights }));
    await page.goto(`${server.address}?device=webgpu`);
    await ready(page);
    assert.equal(await page.locator("#device").getAttribute("data-kind"), "webgpu");
    assert.match(await page.locator("#device").innerText(), /WebGPU/);
    await drop(page, files);
    const rows = await settledRows(page, files.length);
    rows.forEach((row, index) => assertAgrees(row, predicted[index]));
    await unwatch(page);
  });
}

/**
 * @param {import("node:test").TestContext} t
 * @param {string} network a folder of weights and reference outputs
 * @param {"cpu" | "webgpu"} device
 */
async function verifyInBrowser(t, network, device) {
  const model = await checkpointOf(network, await folderFor(t));
  const references = readdirSync(network).filter((file) => /^io.*\.safetensors$/.test(file));
  assert.ok(references.length > 0, `${network} has no reference`);
  await withPage(browser, async (page) => {
    await watchGpu(page);
    await openBlank(page, server.address, `<input type="file" id="model"><input type="file" id="references" multiple>`);
    await page.setInputFiles("#model", model);
    await page.setInputFiles("#references", references.map((file) => join(network, file)));
    /** @type {{device: DeviceReport, found: Verification[]}} */
    const answer = await page.evaluate(async ({ address, device }) => {
      const { Karyolens } = await import(address);
      const files = (/** @type {string} */ id) =>
        [.../** @type {FileList} */ (/** @type {HTMLInputElement} */ (document.getElementById(id)).files)];
      const karyolens = await Karyolens.load({ model: files("model")[0], device });
      const found = [];
      for (const reference of files("references")) found.push(await karyolens.verify(reference));
      karyolens.close();
      return { device: karyolens.device, found };
    }, { address: "/pkg/index.js", device });
    await unwatch(page);
    assert.equal(answer.device.kind, device);
    assert.equal(answer.found.length, references.length);
    answer.found.forEach(({ max_difference, max_reference, outputs }, index) => {
      assert.ok(outputs.length > 0, `${references[index]} compared nothing`);
      const allowed = TOLERANCE * Math.max(1, max_reference);
      t.diagnostic(`${references[index]}: ${max_difference.toExponential(1)} of ${allowed.toExponential(1)} allowed`);
      assert.ok(max_difference <= allowed, `${references[index]}: ${JSON.stringify(outputs)}, allowed ${allowed}`);
    });
  });
}

/**
 * Imports a reference network; its folder's name tells library and family.
 *
 * @param {string} network
 * @param {string} folder where the checkpoint goes
 * @param {...string} more arguments
 */
async function checkpointOf(network, folder, ...more) {
  const [, library, name] = /** @type {RegExpExecArray} */ (/([^_/\\]+)_([^/\\]+)$/.exec(network));
  const family = library === "dinov2" ? "vit-small-14" : name.split("_")[0];
  // The small transformers' width does not tell their heads.
  const heads = family === "vit" ? ["--heads", "3"] : [];
  const checkpoint = join(folder, "model.safetensors");
  await karyolens(
    "import", "--from", library, "--arch", family, ...heads, ...more,
    "--weights", join(network, "weights.safetensors"), "-o", checkpoint,
  );
  assert.ok(existsSync(checkpoint));
  return checkpoint;
}

/**
 * Puts every error that a GPU device reports and nobody catches on the console, where it fails
 * the test: a shader that does not validate leaves stale, plausible numbers behind.
 *
 * @param {import("playwright-core").Page} page
 */
async function watchGpu(page) {
  await page.route("**/pkg/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${WATCHER}\n${await response.text()}` });
  });
}

/**
 * Lets go of the worker's script. A page may still ask for it while the test ends, for a worker more.
 *
 * @param {import("playwright-core").Page} page
 */
async function unwatch(page) {
  await page.unrouteAll({ behavior: "ignoreErrors" });
}

const WATCHER = `
if (globalThis.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    device.addEventListener("uncapturederror", ({ error }) => console.error("GPU: " + error.message));
    return device;
  };
}`;
