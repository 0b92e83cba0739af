/**
 * The look of outlines: each class of cells has a colour, and a line pattern and width of its own,
 * since colour alone is not enough for everyone. The colours are those of Okabe and Ito ("Color
 * Universal Design", 2008), which people with any kind of colour vision tell apart, on a dark seam,
 * so that they stand out from pale background and dark nuclei alike.
 */

/** @import { Cell } from "../session/cell.js" */
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
  plain: { colour: "#ffffff", width: 1.75, dash: [] },
  unread: { colour: "#ffffff", width: 1.25, dash: [1, 5] },
  left: { colour: "#c9c4b8", width: 1.25, dash: [5, 6] },
};

/** The key of each class' text in the legend. @type {Record<Style, string>} */
export const STYLE_WORDS = {
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
 * @param {string} colouring `risk`, `plain`, or `feature:NAME`
 * @returns {Style[]}
 */
export function stylesOf(colouring) {
  if (colouring === "risk") return ["high", "medium", "low", "unread", "left"];
  if (colouring.startsWith("feature:")) return ["present", "unsure", "absent", "unread", "left"];
  return ["plain", "unread", "left"];
}

/** @param {string} colouring @param {Session} session @param {Cell} cell @returns {Style} */
export function styleOf(colouring, session, cell) {
  const decision = session.decisionOf(cell);
  if (!decision) return "unread";
  if (colouring === "risk") return decision.risk ? RISK_STYLES[decision.risk.level] : "plain";
  const call = decision.calls.find(({ name }) => colouring === `feature:${name}`);
  if (!call) return "plain";
  if (call.unsure && call.answer === null) return "unsure";
  return call.present ? "present" : "absent";
}
