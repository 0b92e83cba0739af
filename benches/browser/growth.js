/** One long session on the CPU: does a cell take more time, or more memory, after many others? */

import { call, probe } from "./cases.js";
import { gain, median } from "./statistics.js";

/** @import { Page } from "playwright-core" */
/** @import { Network } from "./networks.js" */

/**
 * @typedef {object} Growth
 * @property {string} network
 * @property {{cells: number, ms: number, wasm_bytes: number}[]} points after so many cells: the median
 *   time of one since the point before, and the memory
 * @property {{gain: number, error: number}} time_ms the gain of the line through the times from end to end, and its standard error
 * @property {{gain: number, error: number}} wasm_bytes the same of the memory
 * @property {number | null} page_bytes_gained by the browser's own count, of page and workers
 */

/** Points of the chart. */
const POINTS = 100;
/** Different pictures, one after another. */
const PICTURES = 8;
/** The first part of the session is left out of the lines: the browser still compiles. */
const WARM_UP = 0.05;

/**
 * Classifies cells, from their files to predictions, one after another.
 *
 * @param {Page} page that shows page.html and has loaded nothing yet
 * @param {Network} network
 * @param {number} cells how many
 * @returns {Promise<Growth>}
 */
export async function grow(page, network, cells) {
  await call(page, "ours", "load", { model: network.model, device: "cpu", workers: 1, side: network.side, reference: null });
  await call(page, "ours", "draw", PICTURES);
  const step = Math.max(1, Math.floor(cells / POINTS));
  const memory = () => page.evaluate(() => /** @type {any} */ (globalThis).bench.memory());
  const points = [];
  let before = null;
  for (let done = step; done <= cells; done += step) {
    const ms = median(await call(page, "ours", "classify", step));
    const { wasm } = await probe(page, "ours");
    points.push({ cells: done, ms, wasm_bytes: wasm });
    if (points.length === 1) before = await memory();
  }
  const after = await memory();
  await call(page, "ours", "close");
  const settled = points.slice(Math.floor(WARM_UP * points.length));
  const x = settled.map(({ cells }) => cells);
  return {
    network: network.name,
    points,
    time_ms: gain(x, settled.map(({ ms }) => ms)),
    wasm_bytes: gain(x, settled.map((point) => point.wasm_bytes)),
    page_bytes_gained: before !== null && after !== null ? after - before : null,
  };
}
