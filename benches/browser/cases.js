/** Times both sides in turn, A B A B, and makes the rows of the bench's table. */

import { median, quantile } from "./statistics.js";

/** @import { Page } from "playwright-core" */
/** @import { Network } from "./networks.js" */
/** @import { Check, Load } from "./page.js" */

/** @typedef {"cpu" | "cpu-all" | "webgpu"} Device */
/** @typedef {"ours" | "peer"} Side */
/** The most memory that a side's workers took, in bytes of wasm memory and of GPU buffers. @typedef {{wasm: number, gpu: number}} Probe */

/**
 * @typedef {object} Loaded
 * @property {number} readyMs from nothing to a loaded model
 * @property {number | null} knownMs the part of it for the pass with a known answer, which proves a GPU
 * @property {number} firstMs the first pass after that, of the first batch size
 *
 * @typedef {object} Timing of one side at one batch size, in milliseconds
 * @property {number} first
 * @property {number[]} rounds the median of each round
 *
 * @typedef {object} Row times in milliseconds, memory in bytes
 * @property {string} network
 * @property {Device} device
 * @property {number} batch
 * @property {number} ours_ms median of a steady forward pass
 * @property {number | null} peer_ms the same of onnxruntime-web; null where it does not run the network
 * @property {number | null} ratio ours over theirs
 * @property {number} first_ms the first pass at this batch size, once the model is loaded
 * @property {number | null} peer_first_ms
 * @property {number} ours_low quartiles over the rounds
 * @property {number} ours_high
 * @property {number | null} peer_low
 * @property {number | null} peer_high
 * @property {number | null} ratio_low quartiles of the rounds' own ratios
 * @property {number | null} ratio_high
 * @property {number} rounds that count; 0 where the first pass took so long that it stayed the only one
 * @property {number} ready_ms from nothing to a loaded model
 * @property {number | null} peer_ready_ms
 * @property {number | null} known_ms the part of ready_ms for a first pass, which on WebGPU makes the pipelines
 * @property {number} wasm_bytes
 * @property {number | null} peer_wasm_bytes
 * @property {number} gpu_bytes the most in GPU buffers
 * @property {number | null} peer_gpu_bytes
 */

/** Many short rounds: a shared machine's speed changes by the second, and both sides must meet both speeds. */
const ROUNDS = 28;
/** The share of first rounds that does not count: the browser still compiles the code that runs often. */
const WARM_UP = 1 / 4;
/** A turn is as many passes as fit into this time, so that a short pass is not a single tick of the clock. */
const TURN_MS = 250;
const MOST_PASSES = 20;
/** The most time for the rounds of one row; on the software adapter all of them would take hours. */
const ROW_MS = 75_000;
/** The largest difference of a logit from the reference, over max(1, the largest logit). */
const TOLERANCE = 1e-3;

/**
 * The rows of one network on one device.
 *
 * @param {Page} page that shows page.html and has loaded nothing yet
 * @param {Network} network
 * @param {Device} device
 * @param {{batches: number[], workers: number, quick: boolean}} options
 * @returns {Promise<Row[]>}
 */
export async function measureNetwork(page, network, device, { batches, workers, quick }) {
  const sides = /** @type {Side[]} */ (network.peer ? ["ours", "peer"] : ["ours"]);
  const where = { device: device === "webgpu" ? device : "cpu", workers: device === "cpu-all" ? workers : 1 };
  /** @type {Partial<Record<Side, Loaded>>} */
  const loaded = {};
  for (const side of sides) {
    const model = side === "ours" ? network.model : network.peer?.model;
    const load = /** @type {Load} */ ({ ...where, model, side: network.side, reference: network.peer?.reference ?? null });
    loaded[side] = await loadSide(page, side, load, batches[0]);
  }
  const rows = [];
  let expected = 0;
  for (const [index, batch] of batches.entries()) {
    const isFirst = index === 0;
    /** @type {Partial<Record<Side, Timing>>} */
    const timings = {};
    for (const side of sides) {
      const first = isFirst ? /** @type {Loaded} */ (loaded[side]).firstMs : (await measure(page, side, batch, 1))[0];
      timings[side] = { first, rounds: [] };
    }
    if (isFirst && network.peer) await checkAll(page, sides, network.peer.reference);
    const perCell = expected / batches[index - 1];
    if (isFirst || 2 * perCell * batch < ROW_MS) await goRounds(page, timings, batch, quick);
    /** @type {Partial<Record<Side, Probe>>} */
    const probes = {};
    for (const side of sides) probes[side] = await probe(page, side);
    const row = rowOf({ network: network.name, device, batch }, timings, loaded, probes);
    expected = row.ours_ms + (row.peer_ms ?? 0);
    rows.push(row);
  }
  for (const side of sides) await call(page, side, "close");
  return rows;
}

/**
 * Runs the sides in turn until there are enough rounds or the row's time is over.
 *
 * @param {Page} page
 * @param {Partial<Record<Side, Timing>>} timings where the rounds are added
 * @param {number} batch
 * @param {boolean} quick
 */
async function goRounds(page, timings, batch, quick) {
  const [wanted, most] = quick ? [2, 2] : [ROUNDS, MOST_PASSES];
  const start = performance.now();
  for (let round = 0; round < wanted; round++) {
    const roundStart = performance.now();
    for (const [side, { rounds }] of entriesOf(timings)) {
      const last = rounds.at(-1) ?? Infinity;
      const passes = Math.min(most, Math.max(1, Math.floor(TURN_MS / last)));
      rounds.push(median(await measure(page, side, batch, passes)));
    }
    const now = performance.now();
    if (now - start + (now - roundStart) > ROW_MS) break;
  }
  for (const [, { rounds }] of entriesOf(timings)) {
    rounds.splice(0, Math.floor(WARM_UP * rounds.length));
  }
}

/** @param {Page} page @param {Side[]} sides @param {string} reference its address */
async function checkAll(page, sides, reference) {
  for (const side of sides) {
    const { difference, largest } = /** @type {Check} */ (await call(page, side, "check", reference));
    const allowed = TOLERANCE * Math.max(1, largest);
    // In this form a NaN fails too.
    if (!(difference <= allowed)) throw new Error(`${side}: a logit is off by ${difference}, allowed are ${allowed}`);
  }
}

/** The memory that a side's workers have taken so far. @param {Page} page @param {Side} side @returns {Promise<Probe>} */
export async function probe(page, side) {
  const script = side === "ours" ? /\/pkg\/worker-(cpu|webgpu)\.js$/ : /\/bench\/peer-worker\.js$/;
  const workers = page.workers().filter((worker) => script.test(worker.url()));
  const all = await Promise.all(workers.map((worker) => worker.evaluate(() => /** @type {any} */ (globalThis).probe())));
  const complaints = all.flatMap((one) => one.complaints);
  if (complaints.length > 0) throw new Error(`${side}: the GPU complains: ${complaints[0]}`);
  const sum = (/** @type {"wasm" | "gpu"} */ key) => all.reduce((sum, one) => sum + one[key], 0);
  return { wasm: sum("wasm"), gpu: sum("gpu") };
}

/**
 * @param {Pick<Row, "network" | "device" | "batch">} what
 * @param {Partial<Record<Side, Timing>>} timings
 * @param {Partial<Record<Side, Loaded>>} loaded
 * @param {Partial<Record<Side, Probe>>} probes
 * @returns {Row}
 */
function rowOf(what, timings, loaded, probes) {
  const ours = spreadOf(/** @type {Timing} */ (timings.ours));
  const peer = timings.peer ? spreadOf(timings.peer) : null;
  const ratios = peer && ours.values.map((value, round) => value / peer.values[round]);
  return {
    ...what,
    ours_ms: ours.median,
    peer_ms: peer?.median ?? null,
    ratio: peer && ours.median / peer.median,
    first_ms: /** @type {Timing} */ (timings.ours).first,
    peer_first_ms: timings.peer?.first ?? null,
    ours_low: ours.low,
    ours_high: ours.high,
    peer_low: peer?.low ?? null,
    peer_high: peer?.high ?? null,
    ratio_low: ratios && quantile(ratios, 0.25),
    ratio_high: ratios && quantile(ratios, 0.75),
    rounds: /** @type {Timing} */ (timings.ours).rounds.length,
    ready_ms: /** @type {Loaded} */ (loaded.ours).readyMs,
    peer_ready_ms: loaded.peer?.readyMs ?? null,
    known_ms: /** @type {Loaded} */ (loaded.ours).knownMs,
    wasm_bytes: /** @type {Probe} */ (probes.ours).wasm,
    peer_wasm_bytes: probes.peer?.wasm ?? null,
    gpu_bytes: /** @type {Probe} */ (probes.ours).gpu,
    peer_gpu_bytes: probes.peer?.gpu ?? null,
  };
}

/** @param {Timing} timing */
function spreadOf({ first, rounds }) {
  const values = rounds.length > 0 ? rounds : [first];
  return { values, median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/**
 * Loads a side and makes its first pass before the other side loads: work that loading leaves behind would
 * slow the other side's first pass.
 *
 * @param {Page} page
 * @param {Side} side
 * @param {Load} load
 * @param {number} batch of the first pass
 * @returns {Promise<Loaded>}
 */
async function loadSide(page, side, load, batch) {
  const loaded = await page.evaluate(async ({ side, load }) => {
    const start = performance.now();
    const { knownMs } = await /** @type {any} */ (globalThis).bench[side].load(load);
    return { readyMs: performance.now() - start, knownMs };
  }, { side, load });
  const [firstMs] = await measure(page, side, batch, 1);
  return { ...loaded, firstMs };
}

/** @param {Page} page @param {Side} side @param {number} batch @param {number} passes @returns {Promise<number[]>} */
function measure(page, side, batch, passes) {
  return call(page, side, "measure", batch, passes);
}

/**
 * Calls a method of one side in the page (see page.js).
 *
 * @param {Page} page
 * @param {Side} side
 * @param {string} method
 * @param {...unknown} args
 * @returns {Promise<any>}
 */
export function call(page, side, method, ...args) {
  return page.evaluate(({ side, method, args }) => /** @type {any} */ (globalThis).bench[side][method](...args), { side, method, args });
}

/** @param {Partial<Record<Side, Timing>>} timings */
function entriesOf(timings) {
  return /** @type {[Side, Timing][]} */ (Object.entries(timings));
}
