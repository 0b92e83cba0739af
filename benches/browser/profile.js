/**
 * Where a pass on the CPU spends its time, function by function: `node benches/browser/profile.js
 * [network …]`, after `make pkg`. Runs the module that was compiled last with its names left in; what
 * the browser's sampling profiler says is printed in milliseconds a pass.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { REPOSITORY, launch } from "../../tests/browser/harness.js";
import { MADE, MODELS, NAMES, prepareNetworks } from "./networks.js";
import { serveFolders } from "./server.js";
import { median } from "./statistics.js";

/** @import { CDPSession, Page } from "playwright-core" */

const NAMED = join(REPOSITORY, "target/profile");
/** Passes before those that count: until the browser has compiled what runs often. */
const WARM_UP = 10;
const PASSES = 30;
const MICROSECONDS_A_SAMPLE = 200;
const MOST_FUNCTIONS = 12;

await main();

async function main() {
  const wanted = process.argv.slice(2);
  const stranger = wanted.find((name) => !NAMES.includes(name));
  if (stranger !== undefined) {
    console.error(`there is no ${JSON.stringify(stranger)}; there are ${NAMES.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const networks = await prepareNetworks(wanted.length > 0 ? wanted : NAMES);
  nameFunctions();
  const site = await serveFolders({ "/named/": NAMED, "/made/": MADE, "/models/": MODELS, "/": join(REPOSITORY, "www") });
  const browser = await launch({ webgpu: false });
  try {
    for (const { name, model } of networks) {
      const page = await browser.newPage();
      // Any file of the same origin will do; this one brings no scripts.
      await page.goto(`${site.address}icon.svg`);
      await load(page, model);
      const profiler = await page.context().newCDPSession(page);
      const { times, functions } = await profiled(profiler, () => measure(page, PASSES));
      console.log(`\n${name}: ${median(times).toFixed(1)} ms a pass (least ${Math.min(...times).toFixed(1)})`);
      for (const [what, milliseconds] of functions.slice(0, MOST_FUNCTIONS)) {
        console.log(`${(milliseconds / PASSES).toFixed(2).padStart(8)} ms  ${what}`);
      }
      await page.close();
    }
  } finally {
    await browser.close();
    site.stop();
  }
}

/** The glue and the module once more, with the names of its functions. */
function nameFunctions() {
  const script = 'source scripts/tools.sh; "$(find_bindgen)" --target web --out-dir "$0" --out-name karyolens_cpu "${CARGO_TARGET_DIR:-target}/$WASM_TARGET/web/karyolens.wasm"';
  execFileSync("bash", ["-euo", "pipefail", "-c", script, NAMED], { cwd: REPOSITORY, stdio: "inherit" });
}

/** @param {Page} page @param {string} model its address */
function load(page, model) {
  return page.evaluate(async ({ model, warmUp }) => {
    const program = await import(/** @type {string} */ ("/named/karyolens_cpu.js"));
    await program.default();
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    const classifier = await program.Classifier.load(bytes, "cpu");
    Object.assign(globalThis, { classifier });
    await classifier.measure(1, warmUp);
  }, { model, warmUp: WARM_UP });
}

/** Milliseconds of each of some passes of one picture. @param {Page} page @param {number} passes @returns {Promise<number[]>} */
function measure(page, passes) {
  return page.evaluate(async (passes) => Array.from(await /** @type {any} */ (globalThis).classifier.measure(1, passes)), passes);
}

/**
 * What `work` gives, and the milliseconds that each function took itself, the longest first.
 *
 * @param {CDPSession} profiler
 * @param {() => Promise<number[]>} work
 */
async function profiled(profiler, work) {
  await profiler.send("Profiler.enable");
  await profiler.send("Profiler.setSamplingInterval", { interval: MICROSECONDS_A_SAMPLE });
  await profiler.send("Profiler.start");
  const times = await work();
  const { profile: { nodes, samples = [], timeDeltas = [] } } = await profiler.send("Profiler.stop");
  const names = new Map(nodes.map(({ id, callFrame }) => [id, readable(callFrame.functionName)]));
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "?";
    sums.set(name, (sums.get(name) ?? 0) + timeDeltas[index] / 1000);
  }
  return { times, functions: [...sums].sort(([, a], [, b]) => b - a) };
}

/** A function's name without the hashes of its crates. @param {string} name */
function readable(name) {
  return name.replace(/\[[0-9a-f]+\]/g, "").replaceAll("karyolens::kernels::", "").slice(0, 160);
}
