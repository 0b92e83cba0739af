/**
 * Times Karyolens and onnxruntime-web in turn, with the same networks and weights, in one Chromium. Prints
 * a table, and writes target/bench-browser.json and .html. docs/speed.md explains the figures.
 */

import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY, launch } from "../../tests/browser/harness.js";
import { bytesOfFirstVisit } from "./bytes.js";
import { measureNetwork } from "./cases.js";
import { grow } from "./growth.js";
import { MADE, MODELS, NAMES, PEER_FILES, prepareNetworks, smallestShipped } from "./networks.js";
import { facts, html, table } from "./report.js";
import { serveFolders } from "./server.js";

/** @import { Browser } from "playwright-core" */
/** @import { Device } from "./cases.js" */

const DEVICES = ["cpu", "cpu-all", "webgpu"];
const USAGE = `usage: make bench-browser [ARGS="…"]
  --networks LIST   of ${NAMES.join(", ")}
  --devices LIST    of ${DEVICES.join(", ")}
  --batches LIST    pictures in one pass, 1,16 by default
  --growth N        cells of the long session, 10000 by default; 0 leaves it out
  --quick           two passes each and no brotli: to see that it works, not how fast
  --output FILE     where the JSON goes; the page of the report beside it`;

const PACKAGE = join(REPOSITORY, "benches/browser/node_modules/onnxruntime-web");
/** Above this load other programs run too; figures were then wrong by up to 4 times. */
const BUSY = 0.5;

await main();

async function main() {
  const options = readArguments();
  if (!options) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const load = Number(loadavg()[0].toFixed(2));
  if (load > BUSY) console.log(`bench: the machine was busy in the last minute (load ${load}): do not trust the figures`);
  const networks = await prepareNetworks(options.networks);
  const site = await serveFolders({
    "/pkg/": join(REPOSITORY, "pkg"),
    "/bench/": join(REPOSITORY, "benches/browser"),
    "/ort/": join(PACKAGE, "dist"),
    "/peers/": PEER_FILES,
    "/made/": MADE,
    "/models/": MODELS,
    "/": join(REPOSITORY, "www"),
  });
  const browser = await launch({ webgpu: true });
  try {
    const workers = availableParallelism();
    const rows = [];
    for (const device of options.devices) {
      for (const network of networks) {
        const what = `${network.name}, ${device}`;
        try {
          const found = await onPage(browser, site.address, (page) => measureNetwork(page, network, device, { ...options, workers }));
          rows.push(...found);
          console.log(`bench: ${what}: ${found.map(({ batch, ours_ms, peer_ms }) => `batch ${batch} ${ours_ms.toFixed(1)} ms${peer_ms === null ? "" : `, theirs ${peer_ms.toFixed(1)} ms`}`).join("; ")}`);
        } catch (error) {
          // A wrong answer gives no row, but the other rows are still of use.
          console.error(`error: ${what}: ${error instanceof Error ? error.message : error}`);
          process.exitCode = 1;
        }
      }
    }
    const [smallest] = await prepareNetworks([smallestShipped()]);
    const growth = options.growth > 0 ? await onPage(browser, site.address, (page) => grow(page, smallest, options.growth)) : null;
    const bytes = await bytesOfFirstVisit(browser, site.address, { brotli: !options.quick });
    const findings = { rows, bytes, machine: await machineOf(browser, site.address, workers, load), growth };
    writeFileSync(options.output, `${JSON.stringify(findings, null, 2)}\n`);
    const report = options.output.replace(/(\.json)?$/, ".html");
    writeFileSync(report, html(findings));
    console.log(`\n${facts(findings)}\n\n${table(rows)}\n\nwritten: ${options.output}, ${report}`);
  } finally {
    await browser.close();
    site.stop();
  }
}

/** The options of the command line; null where they make no sense. */
function readArguments() {
  const text = /** @type {const} */ ({ type: "string" });
  try {
    const { values } = parseArgs({
      options: { networks: text, devices: text, batches: text, growth: text, quick: { type: "boolean", default: false }, output: text },
    });
    const options = {
      networks: listOf(values.networks, NAMES),
      devices: /** @type {Device[]} */ (listOf(values.devices, DEVICES)),
      batches: listOf(values.batches ?? "1,16").map(Number).sort((a, b) => a - b),
      growth: Number(values.growth ?? (values.quick ? 20 : 10_000)),
      quick: values.quick,
      output: values.output ?? join(REPOSITORY, "target/bench-browser.json"),
    };
    const isCount = (/** @type {number} */ value) => Number.isInteger(value) && value >= 0;
    return isCount(options.growth) && options.batches.every((batch) => isCount(batch) && batch > 0) ? options : null;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return null;
  }
}

/** Splits `a,b` into known names; without a text, all of them. @param {string | undefined} text @param {string[]} [known] */
function listOf(text, known) {
  const list = text?.split(",") ?? known ?? [];
  const stranger = known && list.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Error(`there is no ${JSON.stringify(stranger)}; there are ${known?.join(", ")}`);
  return list;
}

/**
 * Runs `body` with a new page that has no stored data and has loaded page.js.
 *
 * @template Result
 * @param {Browser} browser
 * @param {string} address
 * @param {(page: import("playwright-core").Page) => Promise<Result>} body
 * @returns {Promise<Result>}
 */
async function onPage(browser, address, body) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${address}bench/page.html`);
    await page.waitForFunction(() => "bench" in globalThis);
    return await body(page);
  } finally {
    await context.close();
  }
}

/** @param {Browser} browser @param {string} address @param {number} cores @param {number} load */
async function machineOf(browser, address, cores, load) {
  const adapter = await onPage(browser, address, (page) => page.evaluate(() => /** @type {any} */ (globalThis).bench.adapter()));
  const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores,
    browser: `Chromium ${browser.version()}`,
    "WebGPU adapter": /** @type {string | null} */ (adapter),
    "onnxruntime-web": String(version),
    date: new Date().toISOString().slice(0, 10),
    "load in the minute before": load,
  };
}
