/** The nuclei of a field taken together: how many show each feature and level, the key ones, the groups. */

import { LEVELS } from "../../decisions/risk-badge.js";
import { ContourIndex, boxOf } from "../contour-index.js";
import { distanceToSegment } from "../edit/shapes.js";

/** @import { RiskSum } from "../../pkg/index.js" */
/** @import { Cell, Contour, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */

/** Shown as the key nuclei of a field. */
const KEY_NUCLEI = 10;
/** Nuclei of a group that counts, and such groups of an adequate smear: The Bethesda System, third edition. */
export const GROUP = { nuclei: 10, wanted: 6 };
/** Nuclei touch up to this gap, a share of the median nucleus' longer side: 2 px at the study's scale. */
const GAP = 1 / 15;

/** @typedef {ReturnType<typeof summaryOf>} Summary */

/** @param {Session} session @param {Source} field */
export function summaryOf(session, field) {
  const nuclei = /** @type {(Cell & {contour: Contour})[]} */ (session.cells.filter(({ source, contour }) => source === field && contour));
  const decided = nuclei.flatMap((cell) => {
    const decision = session.decisionOf(cell);
    return decision ? [{ cell, ...decision }] : [];
  });
  const names = [...new Set(decided.flatMap(({ calls }) => calls.map(({ name }) => name)))];
  const countOf = (/** @type {string} */ name) => decided.filter(({ calls }) => calls.some((call) => call.name === name && call.present)).length;
  const withRisk = decided.flatMap(({ cell, calls, risk }) => {
    const certainty = calls.reduce((sum, call) => sum + (call.present ? call.probability : 0), 0);
    return risk ? [{ cell, risk, certainty }] : [];
  });
  const rank = (/** @type {RiskSum} */ { level, score }) => LEVELS.indexOf(level) * 1000 + score;
  const key = withRisk.toSorted((one, other) => rank(other.risk) - rank(one.risk) || other.certainty - one.certainty);
  return {
    nuclei: nuclei.length,
    read: decided.length,
    features: names.map((name) => ({ name, count: countOf(name) })),
    levels: withRisk.length === 0 ? [] : LEVELS.toReversed().map((level) => ({ level, count: withRisk.filter(({ risk }) => risk.level === level).length })),
    key: key.slice(0, KEY_NUCLEI).map(({ cell, risk }) => ({ cell, risk })),
    groups: groupSizes(nuclei.map(({ contour }) => contour)).filter((size) => size >= GROUP.nuclei).length,
  };
}

/**
 * The sizes of the groups of nuclei that touch each other, the largest first; one alone is a group.
 *
 * @param {Contour[]} contours
 */
export function groupSizes(contours) {
  const boxes = contours.map(boxOf);
  const sides = boxes.map(({ left, top, right, bottom }) => Math.max(right - left, bottom - top)).sort((a, b) => a - b);
  const gap = GAP * (sides[Math.floor(sides.length / 2)] ?? 0);
  const index = new ContourIndex(contours.map((contour, item) => ({ item, contour })));
  // Each nucleus points to another of its group; the one at the group's root to itself.
  const parents = contours.map((_, item) => item);
  const rootOf = (/** @type {number} */ item) => {
    while (parents[item] !== item) item = parents[item] = parents[parents[item]];
    return item;
  };
  boxes.forEach(({ left, top, right, bottom }, one) => {
    for (const other of index.within({ left: left - gap, top: top - gap, right: right + gap, bottom: bottom + gap })) {
      if (other <= one || rootOf(one) === rootOf(other) || !touch(contours[one], contours[other], gap)) continue;
      parents[rootOf(other)] = rootOf(one);
    }
  });
  /** @type {Map<number, number>} */
  const sizes = new Map();
  for (const item of parents.keys()) sizes.set(rootOf(item), 1 + (sizes.get(rootOf(item)) ?? 0));
  return [...sizes.values()].sort((a, b) => b - a);
}

/** @param {Contour} one @param {Contour} other @param {number} gap */
function touch(one, other, gap) {
  const reaches = (/** @type {Contour} */ from, /** @type {Contour} */ to) => from.some((point) =>
    to.some((corner, index) => distanceToSegment(point, corner, to[(index + 1) % to.length]) <= gap));
  return reaches(one, other) || reaches(other, one);
}
