/** The facts of a model card that a reader asks for first. */

import { number, t } from "../language/language.js";

/** @import { Entry } from "../elements/description-list.js" */
/** @import { Karyolens } from "../pkg/index.js" */

/** Figures by their names on the card, in the order of display. */
const FIGURES = { macro_f1: "macro-F1", class_map: "class mAP", macro_auc: "macro AUC" };
/** The cells that figures were measured on: the beginning of the figures' names, and the key of its text. */
const MEASURED_ON = { "": "", val_: "card.validation", by_field_: "card.by-field" };

/**
 * @param {Pick<Karyolens, "card" | "version" | "modelHash">} karyolens
 * @param {string} file the name of a person's own checkpoint, else empty
 * @returns {Entry[]}
 */
export function cardSummary({ card, version, modelHash }, file) {
  const { data, data_licence, made_by } = card.provenance;
  const { crop, side } = card.input;
  return [
    ["card.file", file],
    ["card.hash", modelHash],
    ["card.trained-on", data],
    ["card.licence", data_licence || t("card.not-stated")],
    ["card.made-by", made_by],
    ["card.network", t("card.network-is", { family: card.architecture.family, side, crop })],
    ["card.measured", figuresOf(card.metrics)],
    ["card.use", card.intended_use],
    ["card.program", t("card.program-is", { version, writer: card.crate_version })],
  ];
}

/**
 * The known figures on a card, with the cells that they were measured on.
 *
 * @param {Record<string, number>} metrics named `val_macro_f1` and so on
 */
function figuresOf(metrics) {
  return Object.entries(MEASURED_ON)
    .flatMap(([prefix, cells]) => {
      const known = Object.entries(FIGURES).filter(([name]) => prefix + name in metrics);
      const words = known.map(([name, figure]) => `${figure} ${number(metrics[prefix + name], { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`);
      return words.length > 0 ? [words.join(", ") + (cells && ` (${t(cells)})`)] : [];
    })
    .join("; ");
}
