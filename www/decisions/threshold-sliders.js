/** The thresholds, one slider a feature; the table follows as they move. */

import { copyOf, find, onPress } from "../elements/dom.js";
import { featureName, onLanguage, percent, t } from "../language/language.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Session } from "../session/session.js" */

/** @param {PageElements["thresholds"]} elements @param {Session} session */
export function startThresholds({ list, moved, resetAll, slider }, session) {
  const show = () => {
    const { model } = session;
    const shown = [...list.children].map((item) => /** @type {HTMLElement} */ (item).dataset.threshold);
    const features = model?.features ?? [];
    if (shown.join("\n") !== features.join("\n")) list.replaceChildren(...features.map((name) => newSlider(slider, session, name)));
    features.forEach((name, index) => {
      showSlider(/** @type {HTMLElement} */ (list.children[index]), session, name, model?.thresholds[index] ?? 0);
    });
    const count = features.filter((name) => session.moved.has(name)).length;
    moved.textContent = count > 0 ? t("thresholds.moved", { count }) : "";
    resetAll.disabled = count === 0;
  };
  onPress(resetAll, () => session.resetThresholds());
  session.listen((change) => (change === "thresholds" || change === "model") && show());
  onLanguage(() => {
    list.replaceChildren();
    show();
  });
  show();
}

/** @param {HTMLTemplateElement} template @param {Session} session @param {string} name */
function newSlider(template, session, name) {
  const item = copyOf(template);
  item.dataset.threshold = name;
  find(".threshold-name", HTMLElement, item).textContent = featureName(name);
  const slider = find("input", HTMLInputElement, item);
  slider.addEventListener("input", () => session.moveThreshold(name, Number(slider.value) / 100));
  onPress(find("button", HTMLButtonElement, item), () => {
    session.resetThresholds(name);
    slider.focus();
  });
  return item;
}

/** @param {HTMLElement} item @param {Session} session @param {string} name @param {number} own the model's */
function showSlider(item, session, name, own) {
  const moved = session.moved.get(name);
  const slider = find("input", HTMLInputElement, item);
  const value = 100 * (moved ?? own);
  // The model's own threshold may lie between two steps; that must not look like a move.
  if (Number(slider.value) !== Math.round(value)) slider.value = String(value);
  slider.setAttribute("aria-valuetext", percent(moved ?? own));
  find("output", HTMLOutputElement, item).textContent = percent(moved ?? own);
  item.dataset.moved = String(moved !== undefined);
  const reset = find("button", HTMLButtonElement, item);
  reset.disabled = moved === undefined;
  reset.textContent = "↺";
  reset.title = t("thresholds.reset-to", { feature: featureName(name), value: percent(own) });
  reset.setAttribute("aria-label", reset.title);
}
