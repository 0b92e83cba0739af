/**
 * Prints the time that a pass on the CPU spends in each function, in milliseconds by the browser's sampling
 * profiler: `node benches/browser/profile.js [network …]`, after `make pkg`. Runs the module that was
 * compiled last, with the names of its functions.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { REPOSITORY } from "../../tests/browser/harness.js";
import { complainsOf, load, measure, withNetworks } from "./alone.js";
import { median } from "./statistics.js";

/** @import { CDPSession } from "playwright-core" */

const NAMED = join(REPOSITORY, "target/profile");
const MODULE = "/named/karyolens_cpu_bg.wasm";
const PASSES = 30;
const MICROSECONDS_A_SAMPLE = 200;
const MOST_FUNCTIONS = 12;

await main();

async function main() {
  const names = process.argv.slice(2);
  if (complainsOf(names)) {
    process.exitCode = 2;
    return;
  }
  nameFunctions();
  await withNetworks(names, { "/named/": NAMED }, async (page, { name, model }) => {
    await load(page, MODULE, model);
    const profiler = await page.context().newCDPSession(page);
    const { times, functions } = await profiled(profiler, () => measure(page, MODULE, PASSES));
    console.log(`\n${name}: ${median(times).toFixed(1)} ms a pass (least ${Math.min(...times).toFixed(1)})`);
    for (const [what, milliseconds] of functions.slice(0, MOST_FUNCTIONS)) {
      console.log(`${(milliseconds / PASSES).toFixed(2).padStart(8)} ms  ${what}`);
    }
  });
}

/** The glue and the module once more, with the names of its functions. */
function nameFunctions() {
  const script = 'source scripts/tools.sh; "$(find_bindgen)" --target web --out-dir "$0" --out-name karyolens_cpu "${CARGO_TARGET_DIR:-target}/$WASM_TARGET/web/karyolens.wasm"';
  execFileSync("bash", ["-euo", "pipefail", "-c", script, NAMED], { cwd: REPOSITORY, stdio: "inherit" });
}

/**
 * The result of `work`, and the milliseconds in each function itself, the longest first.
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
