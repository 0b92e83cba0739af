/** The risk's badge: three steps, the level in words, the score. */

import { find } from "./dom.js";
import { number, t } from "./i18n.js";

/** @import { RiskSum } from "./decide.js" */

/** How many of the three steps are lit. */
const STEPS = { Low: 1, Medium: 2, High: 3 };

/** @param {HTMLElement} badge a copy of the one in the row's template @param {RiskSum | null} risk */
export function showRisk(badge, risk) {
  badge.hidden = risk === null;
  if (!risk) return;
  badge.dataset.level = risk.level;
  badge.dataset.score = String(risk.score);
  badge.style.setProperty("--steps", String(STEPS[risk.level]));
  find(".level", HTMLElement, badge).textContent = t(`risk.${risk.level}`);
  find(".score", HTMLElement, badge).textContent = number(risk.score);
}
