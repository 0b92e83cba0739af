/** The risk on the page: a badge with three steps, the level and the score; and the sum in full. */

import { find } from "../elements/dom.js";
import { featureName, number, t } from "../language/language.js";

/** @import { RiskSum } from "../pkg/index.js" */

/** The lowest first. @type {RiskSum["level"][]} */
export const LEVELS = ["Low", "Medium", "High"];

/** @param {HTMLElement} badge with the parts of `.risk` in index.html @param {RiskSum | null} risk */
export function showRisk(badge, risk) {
  badge.hidden = risk === null;
  if (!risk) return;
  badge.dataset.level = risk.level;
  badge.dataset.score = String(risk.score);
  badge.style.setProperty("--steps", String(LEVELS.indexOf(risk.level) + 1));
  find(".level", HTMLElement, badge).textContent = t(`risk.${risk.level}`);
  find(".score", HTMLElement, badge).textContent = number(risk.score);
}

/** `Grooves 3 + Inclusion 4 = 7`; the score alone if no feature is present. @param {RiskSum} risk */
export function spelledSum({ terms, score }) {
  const sum = terms.map(({ name, weight }) => `${featureName(name)} ${number(weight)}`).join(" + ");
  return sum ? `${sum} = ${number(score)}` : number(score);
}
