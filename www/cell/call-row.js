/** One feature of the cell in the panel: its name, bar, percent, verdict, and the button that corrects it. */

import { copyOf, find, onPress } from "../elements/dom.js";
import { featureName, percent, t } from "../language/language.js";

/** @import { Call } from "../pkg/index.js" */

/** Features that have a digit key. */
const KEYS = 9;

/**
 * @param {HTMLTemplateElement} template
 * @param {string} name of the feature
 * @param {number} index
 * @param {{onChoose: () => void, onCorrect: () => void}} actions
 */
export function newCallRow(template, name, index, { onChoose, onCorrect }) {
  const row = copyOf(template);
  row.dataset.call = name;
  const choose = find(".call-name", HTMLButtonElement, row);
  choose.textContent = featureName(name);
  onPress(choose, onChoose);
  onPress(find(".correct", HTMLButtonElement, row), onCorrect);
  if (index < KEYS) row.style.setProperty("--key", `"${index + 1}"`);
  return row;
}

/** @param {HTMLElement} row @param {Call} call @param {boolean} chosen whether it is the one that is explained @param {string} remark on the call; empty without one */
export function showCall(row, call, chosen, remark) {
  const { probability, threshold, band, answer, present, model, unsure, moved } = call;
  Object.assign(row.dataset, {
    present: String(present), unsure: String(unsure && answer === null), human: answer === null ? "" : String(answer),
    probability: String(probability), threshold: String(threshold), chosen: String(chosen),
  });
  find(".call-name", HTMLButtonElement, row).setAttribute("aria-pressed", String(chosen));
  const bar = find(".bar", HTMLElement, row);
  bar.style.setProperty("--probability", String(probability));
  bar.style.setProperty("--threshold", String(threshold));
  bar.style.setProperty("--low", String(band?.[0] ?? threshold));
  bar.style.setProperty("--high", String(band?.[1] ?? threshold));
  bar.dataset.band = String(band !== null);
  find(".percent", HTMLElement, row).textContent = percent(probability, threshold);
  const verdict = answer !== null
    ? t(answer ? "call.human-present" : "call.human-absent")
    : unsure ? t(model ? "call.unsure-present" : "call.unsure-absent")
    : t(model ? "call.present" : "call.absent");
  find(".verdict", HTMLElement, row).textContent = verdict;
  find(".remark", HTMLElement, row).textContent = remark;
  const at = t(moved ? "call.threshold-moved" : "call.threshold", { value: percent(threshold) });
  find(".threshold-words", HTMLElement, row).textContent = at;
  const correct = find(".correct", HTMLButtonElement, row);
  const action = answer !== null ? "correct.undo" : model ? "correct.to-absent" : "correct.to-present";
  correct.textContent = t(`${action}.short`);
  correct.setAttribute("aria-label", `${correct.textContent}: ${t(action, { feature: featureName(call.name) })}`);
  correct.title = t(action, { feature: featureName(call.name) });
}
