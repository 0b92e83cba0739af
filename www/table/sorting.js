/** The rules by which the table filters and sorts the cells of a session. */

import { openQuestions, uncertainty } from "../decisions/doubt.js";
import { LEVELS } from "../decisions/risk-badge.js";

/** @import { Call, Decision } from "../pkg/index.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Measurements } from "../reading/measurements.js" */

/**
 * The filters and the order that a person chose.
 *
 * @typedef {object} View
 * @property {string} text part of the name
 * @property {"" | "unsure" | "corrected" | "failed" | "unread"} show
 * @property {string} feature that must be present; empty for any
 * @property {"" | "Low" | "Medium" | "High"} risk
 * @property {string} sort `added`, `name`, `risk`, `doubt`, or `feature:` or `measurement:` and its name
 * @property {boolean} descending
 */

/** Before a measurement's name. */
export const MEASUREMENT = "measurement:";

const byName = new Intl.Collator(undefined, { numeric: true });

/** @type {View} */
export const EVERYTHING = { text: "", show: "", feature: "", risk: "", sort: "added", descending: false };

/** Whether the high values of this sort come first: they are the interesting ones. @param {string} sort */
export function isDescendingAtFirst(sort) {
  return sort !== "added" && sort !== "name";
}

/** The order after a press on the head of a column. @param {View} view @param {string} sort */
export function nextSort(view, sort) {
  if (view.sort === sort) return { sort, descending: !view.descending };
  return { sort, descending: isDescendingAtFirst(sort) };
}

/** @param {Session} session @param {View} view @param {Pick<Measurements, "of">} measurements of nuclei @returns {Cell[]} */
export function arrange(session, view, measurements) {
  const wanted = view.text.trim().toLocaleLowerCase();
  // Most filters need no decision, and then none is made.
  const shown = session.cells.filter((cell) => matches(cell, () => session.decisionOf(cell), view, wanted));
  if (view.sort === "added") return view.descending ? shown.reverse() : shown;
  const sign = view.descending ? -1 : 1;
  if (view.sort === "name") {
    return shown.sort((a, b) => sign * (byName.compare(a.source.name, b.source.name) || a.id - b.id));
  }
  // Cells without a value come last in both directions.
  const measurement = view.sort.startsWith(MEASUREMENT) ? view.sort.slice(MEASUREMENT.length) : null;
  const valueIn = (/** @type {Cell} */ cell) => (measurement ? measurements.of(cell, measurement) : valueOf(session.decisionOf(cell), view.sort));
  const known = shown.map((cell) => ({ cell, value: valueIn(cell) }));
  known.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return sign * (a.value - b.value);
  });
  return known.map(({ cell }) => cell);
}

/** @param {Cell} cell @param {() => Decision | null} decide @param {View} view @param {string} wanted in lower case */
function matches(cell, decide, { show, feature, risk }, wanted) {
  if (wanted && !cell.source.name.toLocaleLowerCase().includes(wanted)) return false;
  if (show === "failed" && cell.state !== "failed") return false;
  if (show === "unread" && decide()) return false;
  if (show === "unsure" && openQuestions(decide()?.calls ?? []).length === 0) return false;
  if (show === "corrected" && cell.corrections.size === 0) return false;
  if (feature && !callOf(decide(), feature)?.present) return false;
  return !risk || decide()?.risk?.level === risk;
}

/** @param {Decision | null} decision @param {string} sort @returns {number | null} */
function valueOf(decision, sort) {
  if (!decision) return null;
  if (sort === "doubt") return uncertainty(decision.calls);
  if (sort === "risk") return decision.risk ? rank(decision.risk) : null;
  return callOf(decision, sort.slice("feature:".length))?.probability ?? null;
}

/** @param {NonNullable<Decision["risk"]>} risk */
function rank({ level, score }) {
  return LEVELS.indexOf(level) * 1000 + score;
}

/** @param {Decision | null} decision @param {string} feature @returns {Call | undefined} */
function callOf(decision, feature) {
  return decision?.calls.find((call) => call.name === feature);
}
