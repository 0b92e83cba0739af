/**
 * The program without the page, on one thread of the CPU. profile.js and versions.js, which look at the
 * kernels themselves, load it into an empty page and time passes of one picture.
 */

import { join } from "node:path";
import { REPOSITORY, launch } from "../../tests/browser/harness.js";
import { MADE, MODELS, NAMES, prepareNetworks } from "./networks.js";
import { serveFolders } from "./server.js";

/** @import { Page } from "playwright-core" */
/** @import { Network } from "./networks.js" */

/** Passes that do not count, while the browser compiles the code that runs often. */
const WARM_UP = 10;

/**
 * Opens an empty page for one network after the other.
 *
 * @param {string[]} names of networks; an empty list means all
 * @param {Record<string, string>} folders with the program, by the beginning of their address
 * @param {(page: Page, network: Network) => Promise<void>} visit
 */
export async function withNetworks(names, folders, visit) {
  const networks = await prepareNetworks(names.length > 0 ? names : NAMES);
  const site = await serveFolders({ ...folders, "/made/": MADE, "/models/": MODELS, "/": join(REPOSITORY, "www") });
  const browser = await launch({ webgpu: false });
  try {
    for (const network of networks) {
      const page = await browser.newPage();
      // Any file of the same origin serves; this one loads no scripts.
      await page.goto(`${site.address}icon.svg`);
      await visit(page, network);
      await page.close();
    }
  } finally {
    await browser.close();
    site.stop();
  }
}

/**
 * Loads a network with the program of one folder and warms it up.
 *
 * @param {Page} page
 * @param {string} module the address of the wasm module; its glue, karyolens_cpu.js, lies beside it
 * @param {string} model the address of the checkpoint
 */
export function load(page, module, model) {
  return page.evaluate(async ({ module, model, warmUp }) => {
    const program = await import(/** @type {string} */ (new URL("karyolens_cpu.js", new URL(module, location.href)).href));
    await program.default({ module_or_path: module });
    const response = await fetch(model);
    if (!response.ok) throw new Error(`${model}: ${response.status}`);
    const classifier = await program.load_model(new Uint8Array(await response.arrayBuffer()), "cpu");
    await classifier.measure(1, warmUp);
    const page = /** @type {{classifiers?: Record<string, any>}} */ (globalThis);
    page.classifiers = { ...page.classifiers, [module]: classifier };
  }, { module, model, warmUp: WARM_UP });
}

/**
 * Times passes of one picture, in milliseconds each.
 *
 * @param {Page} page
 * @param {string} module as it was loaded
 * @param {number} passes
 * @returns {Promise<number[]>}
 */
export function measure(page, module, passes) {
  return page.evaluate(
    async ([module, passes]) => /** @type {any} */ (globalThis).classifiers[module].measure(1, passes),
    /** @type {[string, number]} */ ([module, passes]),
  );
}

/** Complains about an unknown network, and returns whether there was one. @param {string[]} names */
export function complainsOf(names) {
  const stranger = names.find((name) => !NAMES.includes(name));
  if (stranger === undefined) return false;
  console.error(`there is no network ${JSON.stringify(stranger)}; there are ${NAMES.join(", ")}`);
  return true;
}
