/**
 * Compares two versions of the program: `node benches/browser/versions.js BEFORE AFTER [network …]`. BEFORE
 * and AFTER are folders that `make pkg` has filled. The versions run in turn in one page, so that other work
 * of the machine slows both; the ratio of each round's two times tells which is faster.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { complainsOf, load, measure, withNetworks } from "./alone.js";
import { median, quantile } from "./statistics.js";

/** @import { Page } from "playwright-core" */

const MODULE = "karyolens_cpu_relaxed_bg.wasm";
const BEFORE = `/before/${MODULE}`;
const AFTER = `/after/${MODULE}`;
const ROUNDS = 60;
const PASSES_A_TURN = 3;

await main();

async function main() {
  const [before, after, ...names] = process.argv.slice(2);
  if (!after || complainsOf(names) || [before, after].some(lacksProgram)) {
    console.error("usage: node benches/browser/versions.js BEFORE AFTER [network …], the first two as pkg/ is");
    process.exitCode = 2;
    return;
  }
  await withNetworks(names, { "/before/": resolve(before), "/after/": resolve(after) }, async (page, { name, model }) => {
    for (const module of [BEFORE, AFTER]) await load(page, module, model);
    /** @type {{before: number, after: number}[]} */
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await turns(page, round % 2 === 0));
    const ratios = rounds.map(({ before, after }) => after / before);
    const times = [rounds.map(({ before }) => before), rounds.map(({ after }) => after)].map((all) => median(all).toFixed(1));
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(3));
    console.log(`${name}: ${times[0]} ms a pass before, ${times[1]} after; ratio of a round ${middle} (${low} to ${high})`);
  });
}

/** @param {string} folder */
function lacksProgram(folder) {
  const missing = ["karyolens_cpu.js", MODULE].find((file) => !existsSync(join(folder, file)));
  if (missing !== undefined) console.error(`there is no ${missing} in ${folder}`);
  return missing !== undefined;
}

/** The median pass of a turn of both, in milliseconds. @param {Page} page @param {boolean} beforeFirst */
async function turns(page, beforeFirst) {
  /** @type {Record<string, number>} */
  const times = {};
  for (const module of beforeFirst ? [BEFORE, AFTER] : [AFTER, BEFORE]) {
    times[module] = median(await measure(page, module, PASSES_A_TURN));
  }
  return { before: times[BEFORE], after: times[AFTER] };
}
