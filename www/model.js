/** Shows the model card: what matters in words, then all of it as it stands in the checkpoint. */

import { find } from "./dom.js";

/** @import { ModelCard } from "./pkg/index.js" */

/** Figures that a reader asks for first, by their names on the card, in this order. */
const FIGURES = { macro_f1: "macro-F1", class_map: "class mAP", macro_auc: "macro AUC" };

/** @param {ModelCard} card @param {string} version of the program that runs it */
export function showModel(card, version) {
  find("#model", HTMLElement).hidden = false;
  find("#model-name", HTMLElement).textContent = card.name;
  const { data, data_licence, made_by } = card.provenance;
  const { crop, side } = card.input;
  const entries = [
    ["Trained on", data],
    ["Licence of that data", data_licence || "not stated"],
    ["Made by", made_by],
    ["Network", `${card.architecture.family}, input ${side} × ${side} px from the middle ${crop} px`],
    ["Measured", figuresOf(card.metrics)],
    ["Use", card.intended_use],
    ["Program", `Karyolens ${version}; the card was written by ${card.crate_version}`],
  ];
  const list = find("#model-summary", HTMLElement);
  list.replaceChildren(
    ...entries
      .filter(([, text]) => text)
      .flatMap(([term, text]) => [textElement("dt", term), textElement("dd", text)]),
  );
  find("#model-card", HTMLElement).textContent = JSON.stringify(card, null, 2);
}

/** The known figures on a card; they may carry the split's name in front, as `val_macro_f1`. @param {Record<string, number>} metrics */
function figuresOf(metrics) {
  const known = Object.entries(FIGURES).flatMap(([suffix, words]) =>
    Object.entries(metrics)
      .filter(([name]) => name === suffix || name === `val_${suffix}`)
      .map(([name, value]) => `${words} ${value.toFixed(2)}${name === suffix ? "" : " (validation)"}`),
  );
  return known.join(", ");
}

/** @param {string} tag @param {string} text */
function textElement(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
