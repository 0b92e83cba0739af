/** Reads the record of a drawing: its features, and the seed that makes it the same again. */

import { entries, names, whole } from "./checks.js";

/** @import { Source } from "./cell.js" */

/** @param {unknown} value @param {string} place @returns {NonNullable<Source["synthetic"]>} */
export function readSynthetic(value, place) {
  const { features, seed } = entries(value, place, ["features", "seed"]);
  return { features: names(features, `${place}.features`), seed: whole(seed, `${place}.seed`) };
}
