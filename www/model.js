/** Shows the model card: what matters in words, then all of it as it stands in the checkpoint. */

import { find } from "./dom.js";

/** @import { ModelCard } from "./pkg/index.js" */

/** Figures that a reader asks for first, by their names on the card, in this order. */
const FIGURES = { macro_f1: "macro-F1", class_map: "class mAP", macro_auc: "macro AUC" };

/** What the figures whose names begin so were measured on. */
const MEASURED_ON = {
  "": "",
  val_: " (validation)",
  by_field_: " (trained anew without the fields that it is measured on)",
};

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

/**
 * The known figures on a card, with what they were measured on.
 *
 * @param {Record<string, number>} metrics named `val_macro_f1` and so on
 */
function figuresOf(metrics) {
  return Object.entries(MEASURED_ON)
    .flatMap(([prefix, cells]) => {
      const known = Object.entries(FIGURES).filter(([name]) => prefix + name in metrics);
      const words = known.map(([name, figure]) => `${figure} ${metrics[prefix + name].toFixed(2)}`);
      return words.length > 0 ? [words.join(", ") + cells] : [];
    })
    .join("; ");
}

/** @param {string} tag @param {string} text */
function textElement(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
