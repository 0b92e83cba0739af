/**
 * The page stays as quick and as small with thousands of cells as with a few. The test measures the
 * page's own part: its workers are replaced by one that answers at once.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, folderFor, openSite, ready, render, withPage } from "./harness.js";

/** @import { Page } from "playwright-core" */

const { server, browser } = await openSite({ webgpu: false });

const CELLS = Number(process.env.KARYOLENS_GROWTH ?? 2000);
/** The most kilobytes of JavaScript's memory for a cell: its reading, its names, the texts of its row. */
const LARGEST_CELL = 6;

const NAMES = ["Elongation", "Grooves", "Inclusion", "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping"];

/** Knows nothing, answers at once, and differently each time. */
const QUICK_WORKER = `
  const features = ${JSON.stringify(NAMES)};
  const card = {
    name: "quick", architecture: { family: "none" }, input: { crop: 128, side: 64 }, features, thresholds: features.map(() => 0.5),
    provenance: { data: "none", data_licence: "none", made_by: "a test" }, metrics: {}, intended_use: "tests", crate_version: "0.0.0",
  };
  const weights = Object.fromEntries(features.map((name) => [name, 1]));
  const riskRule = { weights, mediumFrom: 4, highFrom: 6, alwaysHigh: [] };
  addEventListener("message", ({ data: { method } }) => {
    if (method === "start") postMessage({ result: undefined });
    else if (method === "load") {
      postMessage({ result: { version: "0.0.0", card, riskRule, device: { kind: "cpu", reason: "a test", adapter: null }, modelHash: "a".repeat(64), memory: 0 } });
    } else if (method === "classify") {
      const sha256 = Array.from({ length: 8 }, () => crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0")).join("");
      postMessage({ result: { features: features.map((name) => ({ name, probability: Math.random() })), risk: null, notice: null, sha256 } });
    } else postMessage({ error: "not known here" });
  });`;

test(`${CELLS} cells: each takes as long and as much memory as the first ones`, { timeout: PATIENCE }, async (t) => {
  const picture = await render(join(await folderFor(t), "cell.png"), "Grooves", 1);
  const base64 = (await readFile(picture)).toString("base64");
  await withPage(browser, async (page) => {
    await page.route("**/pkg/worker-cpu.js", (route) => route.fulfill({ contentType: "text/javascript", body: QUICK_WORKER }));
    // The moments at which each picture was handed to a worker.
    await page.addInitScript(() => {
      /** @type {number[]} */
      const begun = [];
      Object.assign(window, { begun });
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ options) {
        if (message.method === "classify") begun.push(performance.now());
        postMessage.call(this, message, options);
      };
    });
    await page.goto(`${server.address}?workers=2`);
    await ready(page);
    const memory = [];
    for (const [from, to] of [[0, CELLS / 4], [CELLS / 4, CELLS]]) {
      await dropCells(page, base64, from, to);
      // This order needs a decision on every cell, so it is the costliest one to show.
      await page.selectOption("#sort", "doubt");
      await page.locator("#queue").waitFor({ state: "hidden" });
      await page.locator("#open-session[data-storage=kept]").waitFor({ state: "attached" });
      memory.push(await heapOf(page));
    }
    const begun = await page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (window).begun));
    assert.equal(begun.length, CELLS);
    // A part of the first quarter and one of the last: both were dropped long before. The quickest of
    // several parts counts, since other work of the machine makes a part slow, never quick.
    const [first, last] = [CELLS / 8, (CELLS * 7) / 8].map((from) => {
      const part = CELLS / 40;
      return Math.min(...[0, 1, 2, 3, 4].map((index) => {
        const begin = from + index * part;
        return (begun[begin + part - 1] - begun[begin]) / (part - 1);
      }));
    });
    const cell = (memory[1] - memory[0]) / (0.75 * CELLS);
    t.diagnostic(`a cell takes ${first.toFixed(2)} ms early and ${last.toFixed(2)} ms late, and ${cell.toFixed(1)} KB`);
    assert.ok(last < 2 * first + 0.5, `a cell took ${first} ms early and ${last} ms late`);
    assert.ok(cell < LARGEST_CELL, `a cell took ${cell} KB`);
  });
});

/** Drops the pictures of a range of numbers, all alike but for their names. @param {Page} page @param {string} base64 @param {number} from @param {number} to */
async function dropCells(page, base64, from, to) {
  await page.evaluate(({ base64, from, to }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    for (let index = from; index < to; index++) dataTransfer.items.add(new File([bytes], `cell ${index}.png`));
    document.querySelector("main")?.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, { base64, from, to });
}

/** Kilobytes of JavaScript's memory in use, after a collection of garbage. @param {Page} page */
async function heapOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1024;
}
