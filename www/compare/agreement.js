/**
 * Two readings of the same cells, compared without a document: where they agree, how far apart they
 * are, and how long each took. compare-dialog.js shows the findings.
 */

import { csvRow } from "../session/csv.js";

/** @import { FeaturePrediction } from "../pkg/index.js" */

/** The reading of one cell by one side, or the reason why there is none. @typedef {{features: FeaturePrediction[], milliseconds: number} | {failure: string}} Reading */

/**
 * One cell as both sides read it; null until a side has read it.
 *
 * @typedef {object} Pair
 * @property {string} name the cell's
 * @property {boolean} synthetic
 * @property {[Reading | null, Reading | null]} readings
 */

/** One feature of one cell on both sides. @typedef {{name: string, first: FeaturePrediction, second: FeaturePrediction, differ: boolean}} FeaturePair */

/**
 * The agreement of two sides on one feature.
 *
 * @typedef {object} Agreement
 * @property {string} name
 * @property {number} cells that both sides have read
 * @property {number} same how many of them got the same call
 * @property {number} onlyFirst called present by the first side alone
 * @property {number} onlySecond called present by the second side alone
 * @property {number} largest difference of the probabilities
 * @property {string} at the cell where it is largest
 */

/** The origin of a side's readings, for the rows of the CSV. @typedef {{model: string, sha256: string | null, device: string, program: string}} Source */

/**
 * The features that both sides name, in the first one's order; none until both have read the cell.
 *
 * @param {Pair} pair
 * @returns {FeaturePair[]}
 */
export function featurePairs({ readings: [first, second] }) {
  if (!isRead(first) || !isRead(second)) return [];
  return first.features.flatMap((one) => {
    const other = second.features.find(({ name }) => name === one.name);
    return other ? [{ name: one.name, first: one, second: other, differ: one.present !== other.present }] : [];
  });
}

/** @param {Pair[]} pairs @returns {Agreement[]} */
export function agreements(pairs) {
  /** @type {Map<string, Agreement>} */
  const byName = new Map();
  for (const pair of pairs) {
    for (const { name, first, second, differ } of featurePairs(pair)) {
      const so = byName.get(name) ?? { name, cells: 0, same: 0, onlyFirst: 0, onlySecond: 0, largest: -1, at: "" };
      byName.set(name, so);
      so.cells++;
      if (!differ) so.same++;
      else if (first.present) so.onlyFirst++;
      else so.onlySecond++;
      const difference = Math.abs(first.probability - second.probability);
      if (difference > so.largest) Object.assign(so, { largest: difference, at: pair.name });
    }
  }
  return [...byName.values()];
}

/** Milliseconds a cell on one side; null before there is one. @param {Pair[]} pairs @param {0 | 1} side */
export function medianTime(pairs, side) {
  const times = pairs.map(({ readings }) => readings[side]).filter(isRead).map(({ milliseconds }) => milliseconds);
  return times.length > 0 ? median(times) : null;
}

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A row for each cell and feature. Every row repeats the origin of its readings, so that a row can be
 * read by itself.
 *
 * @param {Pair[]} pairs
 * @param {[Source, Source]} sources
 */
export function comparisonCsv(pairs, sources) {
  const sides = ["a", "b"].flatMap((side) =>
    ["model", "model_sha256", "device", "program"].map((column) => `${side}_${column}`));
  const head = [
    "cell", "synthetic", "feature", "a_probability", "b_probability", "difference", "a_threshold", "b_threshold",
    "a_present", "b_present", "calls_differ", "a_ms", "b_ms", ...sides,
  ];
  const origin = sources.flatMap(({ model, sha256, device, program }) => [model, sha256 ?? "", device, program]);
  const rows = pairs.flatMap((pair) => {
    const times = pair.readings.map((reading) => (isRead(reading) ? reading.milliseconds.toFixed(1) : ""));
    return featurePairs(pair).map(({ name, first, second, differ }) => [
      pair.name, pair.synthetic, name, first.probability, second.probability,
      Math.abs(first.probability - second.probability), first.threshold, second.threshold,
      first.present, second.present, differ, ...times, ...origin,
    ]);
  });
  return [head, ...rows].map(csvRow).join("");
}

/** @param {Reading | null} reading @returns {reading is Extract<Reading, {features: FeaturePrediction[]}>} */
export function isRead(reading) {
  return reading !== null && "features" in reading;
}
