/**
 * Two versions of the program beside each other, on one thread of the CPU:
 * `node benches/browser/compare.js PKG_A PKG_B [network …]`, where PKG_A and PKG_B are folders that
 * `make pkg` has filled (`cp -r pkg PKG_A` before a change). They run in turn in one page, so that what
 * else the machine does slows both; the ratio of each round's own times says which is faster.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { REPOSITORY, launch } from "../../tests/browser/harness.js";
import { MADE, MODELS, NAMES, prepareNetworks } from "./networks.js";
import { serveFolders } from "./server.js";
import { median, quantile } from "./statistics.js";

/** @import { Page } from "playwright-core" */

/** Passes before those that count: until the browser has compiled what runs often. */
const WARM_UP = 10;
const ROUNDS = 60;
const PASSES_A_TURN = 3;

await main();

async function main() {
  const [before = "", after = "", ...wanted] = process.argv.slice(2);
  const missing = [before, after].find((folder) => !existsSync(join(folder, "karyolens_cpu.js")));
  const stranger = wanted.find((name) => !NAMES.includes(name));
  if (missing !== undefined || stranger !== undefined) {
    console.error(missing !== undefined ? `there is no karyolens_cpu.js in ${JSON.stringify(missing)}` : `there is no ${JSON.stringify(stranger)}; there are ${NAMES.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const networks = await prepareNetworks(wanted.length > 0 ? wanted : NAMES);
  const site = await serveFolders({ "/a/": resolve(before), "/b/": resolve(after), "/made/": MADE, "/models/": MODELS, "/": join(REPOSITORY, "www") });
  const browser = await launch({ webgpu: false });
  try {
    for (const { name, model } of networks) {
      const page = await browser.newPage();
      // Any file of the same origin will do; this one brings no scripts.
      await page.goto(`${site.address}icon.svg`);
      await load(page, model);
      /** @type {number[][]} */
      const rounds = [];
      for (let round = 0; round < ROUNDS; round++) rounds.push(await turns(page));
      const ratios = rounds.map(([a, b]) => b / a);
      const [a, b] = [0, 1].map((side) => median(rounds.map((round) => round[side])).toFixed(1));
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(3));
      console.log(`${name}: A ${a} ms, B ${b} ms a pass; B / A of a round ${middle} (${low} to ${high})`);
      await page.close();
    }
  } finally {
    await browser.close();
    site.stop();
  }
}

/** @param {Page} page @param {string} model its address */
function load(page, model) {
  return page.evaluate(async ({ model, warmUp }) => {
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    const classifiers = [];
    for (const side of ["a", "b"]) {
      const program = await import(/** @type {string} */ (`/${side}/karyolens_cpu.js`));
      await program.default({ module_or_path: `/${side}/karyolens_cpu_relaxed_bg.wasm` });
      const classifier = await program.Classifier.load(bytes, "cpu");
      await classifier.measure(1, warmUp);
      classifiers.push(classifier);
    }
    Object.assign(globalThis, { classifiers });
  }, { model, warmUp: WARM_UP });
}

/** The median pass of each side's turn, in milliseconds. @param {Page} page */
async function turns(page) {
  const sides = [];
  for (const side of [0, 1]) {
    const times = await page.evaluate(async ([side, passes]) => {
      /** @type {Float64Array} */
      const times = await /** @type {any} */ (globalThis).classifiers[side].measure(1, passes);
      return Array.from(times);
    }, [side, PASSES_A_TURN]);
    sides.push(median(times));
  }
  return sides;
}
