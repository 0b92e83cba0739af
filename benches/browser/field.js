/**
 * Times a whole field on the page, from the drop to its outlines and to the last reading:
 * `node benches/browser/field.js [--rounds N] [--large] [--profile]`, after `make build pkg`. Fields of 150 and
 * of 517 nuclei are drawn by `karyolens render --field`, dropped on the ready page one after another, and
 * cleared again. The page reads on the CPU with its own models. `--large` drops one field of 50 megapixels
 * instead, and `--profile` prints where each thread spends its time. docs/speed.md explains the figures.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY, drop, karyolens, launch, ready, serve } from "../../tests/browser/harness.js";
import { median } from "./statistics.js";

/** @import { Browser, CDPSession, Page } from "playwright-core" */

/**
 * Milliseconds from the drop: to the paint of the first outlines and of all, and to the last reading. `nuclei`
 * were found, and `cpu` is the time of all threads of the browser.
 *
 * @typedef {{first: number, outlines: number, read: number, nuclei: number, cpu: number}} Times
 */

/** @typedef {{nuclei: number, width: number, height: number}} Drawing */

const FOLDER = join(REPOSITORY, "target/bench-field");
/** As the photographs of the study. */
const SMALL = { width: 1024, height: 768 };
/** @type {Drawing[]} */
const FIELDS = [{ nuclei: 150, ...SMALL }, { nuclei: 517, ...SMALL }];
/** 50 megapixels, with as many nuclei an area as the study's fields have. */
const LARGE = { nuclei: 6500, width: 8160, height: 6120 };
/** Long enough for the large field on a busy machine. */
const WAIT_MS = 600_000;
const MOST_FUNCTIONS = 14;

await main();

async function main() {
  const { rounds, large, profile } = readArguments();
  const [load] = loadavg();
  if (load > 0.5) console.log(`bench: the machine was busy in the last minute (load ${load.toFixed(1)}): do not trust the figures`);
  const fields = large ? [LARGE] : FIELDS;
  for (const field of fields) await draw(field);
  const server = await serve();
  const browser = await launch({ webgpu: false });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    await page.addInitScript(watch);
    await page.goto(`${server.address}?device=cpu`);
    await ready(page);
    // Both models are in all workers, and the browser has compiled the code that runs often.
    if (!large) await read(browser, page, FIELDS[0]);
    for (const field of fields) {
      const profiler = profile ? await startProfilers(page) : null;
      /** @type {Times[]} */
      const all = [];
      for (let round = 0; round < (large ? 1 : rounds); round++) all.push(await read(browser, page, field));
      const of = (/** @type {keyof Times} */ key) => median(all.map((times) => times[key])).toFixed(0);
      console.log(`${nameOf(field)}, ${of("nuclei")} nuclei found: first outlines ${of("first")} ms, all outlines ${of("outlines")} ms, `
        + `all read ${of("read")} ms; ${of("cpu")} ms of the processor`);
      if (large) console.log(`the most memory of the tab: ${((await processes(browser)).memory / 2 ** 20).toFixed(0)} MB`);
      await profiler?.print();
    }
  } finally {
    await browser.close();
    server.stop();
  }
}

function readArguments() {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, large: flag, profile: flag } });
  return { ...values, rounds: Number(values.rounds) };
}

/** @param {Drawing} field */
function nameOf({ nuclei, width, height }) {
  return `${width}×${height} with ${nuclei} nuclei`;
}

/** @param {Drawing} field */
function pathOf({ nuclei, width, height }) {
  return join(FOLDER, `${width}x${height}-${nuclei}.png`);
}

/** Draws a field; a large one takes a while. @param {Drawing} field */
async function draw(field) {
  const { nuclei, width, height } = field;
  mkdirSync(FOLDER, { recursive: true });
  await karyolens("render", "--field", "--nuclei", String(nuclei), "--size", `${width}x${height}`, "--seed", "1", "-o", pathOf(field));
}

/** Notes the times of the drop and of every painted outline. */
function watch() {
  const times = { drop: 0, first: 0, outlines: 0, read: 0, nuclei: 0 };
  Object.assign(globalThis, { fieldTimes: times });
  const now = () => performance.now() - times.drop;
  addEventListener("drop", () => Object.assign(times, { drop: performance.now(), first: 0, outlines: 0, read: 0, nuclei: 0 }), { capture: true });
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (/** @type {any[]} */ ...path) {
    // The sketch of a tool is drawn at every paint, mostly empty.
    const isSketch = ["#000000", "#ffe34d"].includes(String(this.strokeStyle));
    if (times.drop > 0 && this.canvas.className === "field-outlines" && !isSketch) {
      times.first ||= now();
      // The table has the nuclei once all are known.
      if (times.nuclei > 1) times.outlines ||= now();
    }
    return stroke.apply(this, /** @type {any} */ (path));
  };
  addEventListener("DOMContentLoaded", () => {
    const tally = /** @type {HTMLElement} */ (document.querySelector("#tally"));
    new MutationObserver(() => {
      const [done, total] = (tally.textContent ?? "").match(/\d+/g)?.map(Number) ?? [0, 0];
      if (total > 1) times.nuclei = total;
      if (total > 1 && done === total) times.read ||= now();
    }).observe(tally, { childList: true, characterData: true, subtree: true });
  });
}

/** Drops a field, waits until it is read, and clears it. @param {Browser} browser @param {Page} page @param {Drawing} field @returns {Promise<Times>} */
async function read(browser, page, field) {
  const before = (await processes(browser)).cpu;
  await drop(page, [pathOf(field)]);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).fieldTimes.read > 0, undefined, { timeout: WAIT_MS });
  const { cpu } = await processes(browser);
  const times = await page.evaluate(() => /** @type {any} */ (globalThis).fieldTimes);
  await page.locator("#clear").click();
  await page.waitForFunction(() => document.querySelectorAll("#rows > li").length === 0);
  return { ...times, cpu: 1000 * (cpu - before) };
}

/** Processor seconds of all the browser's processes, and the most memory of a tab in bytes. @param {Browser} browser */
async function processes(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const peaks = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0));
  return { cpu: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0), memory: 1024 * Math.max(...peaks) };
}

/** Profiles the page's own thread. @param {Page} page */
async function startProfilers(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 500 });
  await session.send("Profiler.start");
  return { print: () => printProfile(session) };
}

/** @param {CDPSession} session */
async function printProfile(session) {
  const { profile: { nodes, samples = [], timeDeltas = [] } } = await session.send("Profiler.stop");
  const names = new Map(nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [id, `${functionName || "(anonymous)"} ${url.replace(/^.*\/\/[^/]*/, "")}:${lineNumber + 1}`]));
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "?";
    sums.set(name, (sums.get(name) ?? 0) + timeDeltas[index] / 1000);
  }
  const functions = [...sums].filter(([name]) => !name.startsWith("(idle)")).sort(([, a], [, b]) => b - a);
  for (const [name, milliseconds] of functions.slice(0, MOST_FUNCTIONS)) console.log(`${milliseconds.toFixed(1).padStart(8)} ms  ${name}`);
}
