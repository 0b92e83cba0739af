/**
 * The look of outlines: each class of cells has a colour, and a line pattern and width of its own,
 * since colour alone is not enough for everyone. The colours are those of Okabe and Ito ("Color
 * Universal Design", 2008), which people with any kind of colour vision tell apart, on a dark seam,
 * so that they stand out from pale background and dark nuclei alike.
 */

import { t } from "../language/language.js";
import { inUnit } from "../reading/measured-words.js";
import { MEASUREMENT } from "../table/sorting.js";

/** @import { Measurements } from "../reading/measurements.js" */
/** @import { Cell, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** A class of outlines. @typedef {keyof typeof STYLES} Style */

/** The unit of widths and dashes is the CSS pixel. */
export const STYLES = {
  high: { colour: "#d55e00", width: 3, dash: [] },
  medium: { colour: "#f0e442", width: 2.25, dash: [9, 4] },
  low: { colour: "#56b4e9", width: 1.75, dash: [2, 4] },
  present: { colour: "#d55e00", width: 2.5, dash: [] },
  unsure: { colour: "#f0e442", width: 2.25, dash: [9, 4] },
  absent: { colour: "#56b4e9", width: 1.75, dash: [2, 4] },
  first: { colour: "#56b4e9", width: 1.5, dash: [2, 4] },
  second: { colour: "#009e73", width: 2, dash: [6, 4] },
  third: { colour: "#f0e442", width: 2.5, dash: [12, 3] },
  fourth: { colour: "#d55e00", width: 3, dash: [] },
  plain: { colour: "#ffffff", width: 1.75, dash: [] },
  unread: { colour: "#ffffff", width: 1.25, dash: [1, 5] },
  left: { colour: "#ffffffb0", width: 1, dash: [2, 5] },
};

/** The quarters of a field's nuclei by a measurement, the lowest first. @type {Style[]} */
const QUARTERS = ["first", "second", "third", "fourth"];

/** The key of each class' text in the legend; quarters tell their range. @type {Partial<Record<Style, string>>} */
const STYLE_WORDS = {
  high: "risk.High",
  medium: "risk.Medium",
  low: "risk.Low",
  present: "legend.present",
  unsure: "legend.unsure",
  absent: "field.absent",
  plain: "field.read",
  unread: "filter.unread",
  left: "field.left-out",
};

const RISK_STYLES = /** @type {const} */ ({ High: "high", Medium: "medium", Low: "low" });

/**
 * The classes of a colouring, for its legend.
 *
 * @param {string} colouring `risk`, `plain`, `feature:NAME`, or `measurement:NAME`
 * @returns {Style[]}
 */
export function stylesOf(colouring) {
  if (colouring === "risk") return ["high", "medium", "low", "unread"];
  if (colouring.startsWith("feature:")) return ["present", "unsure", "absent", "unread"];
  if (colouring.startsWith(MEASUREMENT)) return [...QUARTERS];
  return ["plain", "unread"];
}

/**
 * The words of a class in the legend.
 *
 * @param {Style} style
 * @param {string} colouring
 * @param {Measurements} measurements
 * @param {Source} field
 */
export function wordsOf(style, colouring, measurements, field) {
  const key = STYLE_WORDS[style];
  if (key) return t(key);
  const name = colouring.slice(MEASUREMENT.length);
  const bounds = measurements.quarters(field, name);
  const unit = measurements.kinds.find((kind) => kind.name === name)?.unit;
  const at = QUARTERS.indexOf(style);
  if (!unit || bounds.length === 0) return "";
  const bound = inUnit(unit, bounds[Math.min(at, bounds.length - 1)], field.micrometresPerPixel);
  return t(at < bounds.length ? "field.below" : "field.from", { bound });
}

/**
 * The class of each cell of a field.
 *
 * @param {string} colouring
 * @param {Session} session
 * @param {Measurements} measurements
 * @param {Source} field
 * @returns {(cell: Cell) => Style}
 */
export function styles(colouring, session, measurements, field) {
  if (!colouring.startsWith(MEASUREMENT)) return (cell) => styleOfCalls(colouring, session, cell);
  const name = colouring.slice(MEASUREMENT.length);
  const bounds = measurements.quarters(field, name);
  return (cell) => {
    const value = measurements.of(cell, name);
    return value === null || bounds.length === 0 ? "plain" : QUARTERS[bounds.filter((bound) => value >= bound).length];
  };
}

/** @param {string} colouring @param {Session} session @param {Cell} cell @returns {Style} */
function styleOfCalls(colouring, session, cell) {
  const decision = session.decisionOf(cell);
  if (!decision) return "unread";
  if (colouring === "risk") return decision.risk ? RISK_STYLES[decision.risk.level] : "plain";
  const call = decision.calls.find(({ name }) => colouring === `feature:${name}`);
  if (!call) return "plain";
  if (call.unsure && call.answer === null) return "unsure";
  return call.present ? "present" : "absent";
}
