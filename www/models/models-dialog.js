/**
 * The dialog of the models: the one in use with its card, the shipped ones to change to, a file of
 * one's own.
 */

import { openDialog } from "../elements/dialog.js";
import { find, fromTemplate, messageOf, onPress } from "../elements/dom.js";
import { facts } from "../elements/description-list.js";
import { number, onLanguage, t } from "../language/language.js";

/** @import { Karyolens } from "../pkg/index.js" */
/** @import { Source } from "../reading/engine.js" */
/** @import { Fact } from "../elements/description-list.js" */

/** A model that the page ships with, as pkg/models.json lists it. @typedef {{id: string, name: string, family: string, file: string, size: number, sha256: string, default: boolean}} Shipped */

/** Figures that a reader asks for first, by their names on the card, in this order. */
const FIGURES = { macro_f1: "macro-F1", class_map: "class mAP", macro_auc: "macro AUC" };
/** What the figures whose names begin so were measured on, by the key of its text. */
const MEASURED_ON = { "": "", val_: "card.validation", by_field_: "card.by-field" };

const dialog = find("#models", HTMLDialogElement);
const message = find("#models-message", HTMLElement);

/** @type {Karyolens | null} */
let inUse = null;
/** What the one in use was loaded from, where it was not shipped. */
let ownName = "";
/** @type {Shipped[] | null} */
let shipped = null;

/** @param {(source: Source) => Promise<void>} onChoose goes over to another model; rejects where it cannot */
export function startModels(onChoose) {
  onPress("#open-models", async () => {
    message.textContent = "";
    openDialog("#models");
    await listShipped(choose);
  });
  const field = find("#model-file", HTMLInputElement);
  onPress("#choose-model", () => field.click());
  field.addEventListener("change", () => {
    const [file] = field.files ?? [];
    field.value = "";
    if (file) void choose(file, file.name);
  });
  onLanguage(() => {
    if (inUse) showCard(inUse);
    if (dialog.open) void listShipped(choose);
  });

  /** @param {Source} source @param {string} name */
  async function choose(source, name) {
    message.dataset.failed = "false";
    message.textContent = t("models.loading", { name });
    dialog.ariaBusy = "true";
    for (const button of find("#shipped-models", HTMLElement).querySelectorAll("button")) button.disabled = true;
    try {
      await onChoose(source);
      ownName = source instanceof Blob ? name : "";
      if (inUse) showCard(inUse);
      message.textContent = t("models.in-use", { name: inUse?.card.name ?? name });
    } catch (error) {
      message.dataset.failed = "true";
      message.textContent = t("models.refused", { name, reason: messageOf(error) });
    }
    dialog.ariaBusy = "false";
    await listShipped(choose);
  }
  return { choose: (/** @type {File} */ file) => choose(file, file.name), open: () => dialog.open || openDialog("#models") };
}

/** Shows the model that reads from now on. @param {Karyolens} karyolens */
export function showModel(karyolens) {
  inUse = karyolens;
  find("#open-models", HTMLButtonElement).hidden = false;
  find("#model-name", HTMLElement).textContent = karyolens.card.name;
  showCard(karyolens);
}

/** What the page ships with; nothing where the list cannot be had. @returns {Promise<Shipped[]>} */
export async function listModels() {
  if (shipped) return shipped;
  const response = await fetch(new URL("../pkg/models.json", import.meta.url)).catch(() => null);
  const found = response?.ok ? await response.json().catch(() => null) : null;
  shipped = found;
  return found ?? [];
}

/** The address of a shipped model. @param {Shipped} model */
export function addressOf(model) {
  return new URL(`../pkg/${model.file}`, import.meta.url);
}

/** @param {(source: Source, name: string) => Promise<void>} choose */
async function listShipped(choose) {
  const models = await listModels();
  const items = models.map((model) => {
    const item = fromTemplate("#shipped-model");
    const used = inUse?.modelHash ? inUse.modelHash === model.sha256 : inUse?.card.name === model.name;
    item.dataset.used = String(used);
    find(".shipped-name", HTMLElement, item).textContent = model.name;
    find(".shipped-facts", HTMLElement, item).textContent =
      `${model.family}, ${number(model.size / 1e6, { maximumFractionDigits: 1 })} MB`;
    const button = find("button", HTMLButtonElement, item);
    button.disabled = used;
    button.textContent = t(used ? "models.used" : "models.use");
    button.setAttribute("aria-label", `${button.textContent}: ${model.name}`);
    button.addEventListener("click", () => void choose(addressOf(model), model.name));
    return item;
  });
  find("#shipped-models", HTMLElement).replaceChildren(...items);
}

/** @param {Karyolens} karyolens */
function showCard({ card, version, modelHash }) {
  const { data, data_licence, made_by } = card.provenance;
  const { crop, side } = card.input;
  /** @type {Fact[]} */
  const entries = [
    ["card.file", ownName],
    ["card.hash", modelHash],
    ["card.trained-on", data],
    ["card.licence", data_licence || t("card.not-stated")],
    ["card.made-by", made_by],
    ["card.network", t("card.network-is", { family: card.architecture.family, side, crop })],
    ["card.measured", figuresOf(card.metrics)],
    ["card.use", card.intended_use],
    ["card.program", t("card.program-is", { version, writer: card.crate_version })],
  ];
  find("#model-summary", HTMLElement).replaceChildren(...facts(entries));
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
      const words = known.map(([name, figure]) => `${figure} ${number(metrics[prefix + name], { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`);
      return words.length > 0 ? [words.join(", ") + (cells && ` (${t(cells)})`)] : [];
    })
    .join("; ");
}
