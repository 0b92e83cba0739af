/** How a risk is shown: a badge of three steps, the level in words and the score; the sum spelled out. */

import { find } from "../elements/dom.js";
import { featureName, number, t } from "../language/language.js";

/** @import { RiskSum } from "./decision.js" */

/** From the lowest on. @type {RiskSum["level"][]} */
export const LEVELS = ["Low", "Medium", "High"];

/** @param {HTMLElement} badge a copy of the one in the row's template @param {RiskSum | null} risk */
export function showRisk(badge, risk) {
  badge.hidden = risk === null;
  if (!risk) return;
  badge.dataset.level = risk.level;
  badge.dataset.score = String(risk.score);
  badge.style.setProperty("--steps", String(LEVELS.indexOf(risk.level) + 1));
  find(".level", HTMLElement, badge).textContent = t(`risk.${risk.level}`);
  find(".score", HTMLElement, badge).textContent = number(risk.score);
}

/** `Grooves 3 + Inclusion 4 = 7`; the score alone where no feature is present. @param {RiskSum} risk */
export function spelledSum({ terms, score }) {
  const sum = terms.map(({ name, weight }) => `${featureName(name)} ${number(weight)}`).join(" + ");
  return sum ? `${sum} = ${number(score)}` : number(score);
}
