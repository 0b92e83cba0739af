/**
 * The GPU's kernels: each computes what the CPU's does, and no shader that any network makes is
 * invalid, by Chromium's compiler or by wgpu's. An invalid shader can leave stale, plausible numbers
 * behind. So the tests look at every shader: right answers alone prove nothing.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PATIENCE, REPOSITORY, folderFor, openBlank, openSite, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */
/** One case of the module's `check_kernels`. @typedef {{case: string, difference: number}} Agreement */
/** The glue; the page itself loads it in a worker. @typedef {typeof import("../../pkg/karyolens_webgpu.js")} Glue */
/** The shaders of a page, and the errors of its GPU. @typedef {{shaders: string[], faults: string[]}} Watched */

/** The largest difference that another order of f32 sums explains, over max(1, the largest value). */
const TOLERANCE = 1e-4;
const MODELS = join(REPOSITORY, "models");
/** Made by `cargo test` and `cargo build --examples`. */
const VALIDATE = join(REPOSITORY, "target/release/examples/validate-wgsl");

const { server, browser } = await openSite({ webgpu: true });

const timeout = PATIENCE;

test("every kernel of the GPU computes what the CPU's does", { timeout }, async (t) => {
  await withPage(browser, async (page) => {
    const glue = await openWatched(page);
    const found = /** @type {Agreement[]} */ (await glue.evaluate((glue) => glue.check_kernels()));
    // With and without shared memory, over every kernel.
    assert.ok(found.length > 100, `${found.length} cases`);
    assert.deepEqual(found.filter(({ difference }) => !(difference <= TOLERANCE)), []);
    await assertAllValid(page, await folderFor(t));
  });
});

for (const name of readdirSync(MODELS).filter((file) => file.endsWith(".safetensors"))) {
  test(`${name} makes no invalid shader`, { timeout }, async (t) => {
    const model = await readFile(join(MODELS, name));
    await withPage(browser, async (page) => {
      await page.route("**/model-under-test", (route) => route.fulfill({ body: model }));
      const glue = await openWatched(page);
      const device = await glue.evaluate(async (glue) => {
        const weights = await (await fetch("/model-under-test")).arrayBuffer();
        // Loading asks a known question, and the answer must be the CPU's.
        const model = await glue.load_model(new Uint8Array(weights), "webgpu");
        // Only a classifier can be timed.
        await model.measure?.(1, 1);
        return model.device.kind;
      });
      assert.equal(device, "webgpu");
      await assertAllValid(page, await folderFor(t));
    });
  });
}

/** A page whose GPU is watched, with the program started in it. @param {Page} page */
async function openWatched(page) {
  await watchShaders(page);
  await openBlank(page, server.address);
  return page.evaluateHandle(async () => {
    const glue = /** @type {Glue} */ (await import(`${location.origin}/pkg/karyolens_webgpu.js`));
    await glue.default();
    return glue;
  });
}

/** Keeps every shader that the page makes, and every error of its GPU that nobody caught. @param {Page} page */
async function watchShaders(page) {
  await page.addInitScript(() => {
    /** @type {Watched} */
    const watched = { shaders: [], faults: [] };
    Object.assign(globalThis, { watched });
    const GPU = /** @type {any} */ (globalThis).GPUDevice.prototype;
    const create = GPU.createShaderModule;
    GPU.createShaderModule = function (/** @type {{code: string}} */ descriptor) {
      watched.shaders.push(descriptor.code);
      const shader = create.call(this, descriptor);
      shader.getCompilationInfo().then((/** @type {{messages: {type: string, message: string}[]}} */ { messages }) => {
        for (const { type, message } of messages) if (type === "error") watched.faults.push(message);
      });
      return shader;
    };
    const Adapter = /** @type {any} */ (globalThis).GPUAdapter.prototype;
    const request = Adapter.requestDevice;
    Adapter.requestDevice = async function (/** @type {unknown[]} */ ...options) {
      const device = await request.apply(this, options);
      device.addEventListener("uncapturederror", (/** @type {{error: Error}} */ { error }) => {
        watched.faults.push(error.message);
      });
      return device;
    };
  });
}

/**
 * @param {Page} page
 * @param {string} folder for the shaders
 */
async function assertAllValid(page, folder) {
  const { shaders, faults } = await page.evaluate(() => /** @type {{watched: Watched}} */ (/** @type {any} */ (globalThis)).watched);
  assert.deepEqual(faults, []);
  // A network that finds nuclei is made of convolutions, a pooling and an upsampling alone.
  assert.ok(shaders.length >= 3, `${shaders.length} shaders`);
  const files = shaders.map((_, i) => join(folder, `${i}.wgsl`));
  await Promise.all(shaders.map((shader, i) => writeFile(files[i], shader)));
  const { stdout } = await promisify(execFile)(VALIDATE, files);
  assert.equal(stdout.trim(), `${shaders.length} of ${shaders.length} shaders are valid`);
}
