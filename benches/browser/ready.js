/**
 * Compares how soon the page of two versions is ready: `node benches/browser/ready.js BEFORE AFTER [ROUNDS]`.
 * BEFORE and AFTER are checkouts in which `make build pkg` has run. The versions are visited in turn, so that
 * other work of the machine slows both. A first visit finds an empty browser; a later one finds the files
 * that the browser saved for use without a network. The page reads on the CPU with its default model.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { launch, ready, serve } from "../../tests/browser/harness.js";
import { median, quantile } from "./statistics.js";

/** @import { Browser, Page } from "playwright-core" */

const ROUNDS = 20;
const PROGRAM = "target/release/karyolens";

/** Milliseconds to the ready page, and the number of scripts that it had asked for by then. @typedef {{ms: number, scripts: number}} Visit */
/** @typedef {{first: Visit, later: Visit}} Visits */

await main();

async function main() {
  const [before, after, rounds = String(ROUNDS)] = process.argv.slice(2);
  if (!after || !(Number(rounds) >= 1) || [before, after].some(lacksBuild)) {
    console.error("usage: node benches/browser/ready.js BEFORE AFTER [ROUNDS], two checkouts that are built");
    process.exitCode = 2;
    return;
  }
  const servers = await Promise.all([before, after].map((folder) => serve({ command: resolve(folder, PROGRAM), folder: resolve(folder) })));
  const browser = await launch({ webgpu: false });
  try {
    /** @type {Visits[][]} */
    const all = [[], []];
    for (let round = 0; round < Number(rounds); round++) {
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) all[side].push(await visits(browser, servers[side].address));
    }
    for (const kind of /** @type {const} */ (["first", "later"])) print(kind, ...all.map((side) => side.map((visits) => visits[kind])));
  } finally {
    await browser.close();
    for (const { stop } of servers) stop();
  }
}

/** @param {string} folder */
function lacksBuild(folder) {
  const missing = [PROGRAM, "pkg/files.js"].find((file) => !existsSync(join(folder, file)));
  if (missing !== undefined) console.error(`there is no ${missing} in ${folder}`);
  return missing !== undefined;
}

/** A first visit, and one more when the browser has saved the page. @param {Browser} browser @param {string} address @returns {Promise<Visits>} */
async function visits(browser, address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${address}?device=cpu`);
  const first = await visit(page);
  await page.locator("#offline[data-state=saved]").waitFor();
  await page.reload();
  const later = await visit(page);
  await context.close();
  return { first, later };
}

/** @param {Page} page @returns {Promise<Visit>} */
async function visit(page) {
  await ready(page);
  return page.evaluate(() => {
    const ms = performance.getEntriesByName("ready")[0].startTime;
    const files = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    return { ms, scripts: files.filter(({ name, startTime }) => startTime < ms && name.endsWith(".js")).length };
  });
}

/** @param {string} kind @param {...Visit[]} sides before and after, one visit a round */
function print(kind, ...sides) {
  const [before, after] = sides;
  const ratios = before.map(({ ms }, round) => after[round].ms / ms);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(3));
  const [was, is] = sides.map((side) => `${median(side.map(({ ms }) => ms)).toFixed(0)} ms, ${median(side.map(({ scripts }) => scripts))} scripts`);
  console.log(`${kind} visit: before ${was}; after ${is}; ratio of a round ${middle} (${low} to ${high})`);
}
