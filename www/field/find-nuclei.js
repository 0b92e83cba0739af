/** Finds the nuclei of a field with the model that the page ships with for it. */

import { t } from "../language/language.js";
import { shippedFinder } from "../models/shipped-models.js";

/** @import { FoundNuclei, Karyolens, Picture, SegmentOptions } from "../pkg/index.js" */

/** Its name in the package's memory. */
const FINDER = "finder";
/** Workers that wait for the first field: enough for its first outlines. The others start as it is read. */
const READY_WORKERS = 2;

/** The loading of the model, for each classifier that was in use. @type {WeakMap<Karyolens, Promise<void>>} */
const loadings = new WeakMap();

/** Loads the model ahead of the first field, so that this one need not wait for it. @param {Karyolens} karyolens */
export async function prepareFinder(karyolens) {
  await loadFinder(karyolens);
  karyolens.startWorkers(READY_WORKERS);
}

/**
 * @param {Karyolens} karyolens
 * @param {Picture} picture of a field
 * @param {Omit<SegmentOptions, "model">} options
 * @returns {Promise<FoundNuclei>}
 * @throws {Error} a sentence for people, where this page has no such model
 */
export async function findNuclei(karyolens, picture, options) {
  await loadFinder(karyolens);
  return karyolens.segment(picture, { model: FINDER, ...options });
}

/** @param {Karyolens} karyolens */
function loadFinder(karyolens) {
  const known = loadings.get(karyolens);
  if (known) return known;
  const loading = load(karyolens);
  loadings.set(karyolens, loading);
  // A later field tries again.
  loading.catch(() => loadings.delete(karyolens));
  return loading;
}

/** @param {Karyolens} karyolens */
async function load(karyolens) {
  const finder = await shippedFinder();
  if (!finder) throw new Error(t("field.no-finder"));
  await karyolens.loadModel(FINDER, { model: finder.address });
}
