/** The dialog of the models: the one in use with its card, the shipped ones, and a person's own file. */

import { descriptions } from "../elements/description-list.js";
import { openDialog } from "../elements/dialog.js";
import { copyOf, find, onPress } from "../elements/dom.js";
import { number, t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { deviceName } from "../reading/device-name.js";
import { cardSummary } from "./model-card.js";
import { shippedClassifiers } from "./shipped-models.js";

/** @import { Karyolens } from "../pkg/index.js" */
/** @import { Source } from "../reading/engine.js" */
/** @import { ShippedModel } from "./shipped-models.js" */

/**
 * @typedef {object} ModelInUse
 * @property {Karyolens} karyolens
 * @property {Source} source of its checkpoint
 */

export class ModelsDialog {
  #dialog;
  #message;
  #inUse;
  #onChoose;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} page
   * @param {() => ModelInUse | null} page.inUse null while none is loaded
   * @param {(source: Source) => Promise<void>} page.onChoose goes over to another model; rejects where it cannot
   */
  constructor(dialog, { inUse, onChoose }) {
    this.#dialog = dialog;
    this.#message = find("#models-message", HTMLElement, dialog);
    this.#inUse = inUse;
    this.#onChoose = onChoose;
    const field = find("#model-file", HTMLInputElement, dialog);
    onPress(find("#choose-model", HTMLButtonElement, dialog), () => field.click());
    field.addEventListener("change", () => {
      const [file] = field.files ?? [];
      field.value = "";
      if (file) void this.#choose(file, file.name);
    });
  }

  async open() {
    openDialog(this.#dialog);
    this.#message.textContent = "";
    this.#showCard();
    await this.#listShipped();
  }

  /** Opens, if it is not open, and goes over to a checkpoint. @param {File} file */
  async openWith(file) {
    if (!this.#dialog.open) openDialog(this.#dialog);
    await this.#choose(file, file.name);
  }

  /** Goes over to another model, and says what came of it. @param {Source} source @param {string} name */
  async #choose(source, name) {
    const message = this.#message;
    message.dataset.failed = "false";
    message.textContent = t("models.loading", { name });
    this.#dialog.ariaBusy = "true";
    for (const button of find("#shipped-models", HTMLElement, this.#dialog).querySelectorAll("button")) button.disabled = true;
    try {
      await this.#onChoose(source);
      this.#showCard();
      message.textContent = t("models.in-use", { name: this.#inUse()?.karyolens.card.name ?? name });
    } catch (error) {
      message.dataset.failed = "true";
      message.textContent = t("models.refused", { name, reason: messageOf(error) });
    }
    this.#dialog.ariaBusy = "false";
    await this.#listShipped();
  }

  async #listShipped() {
    const items = (await shippedClassifiers()).map((model) => this.#shippedItem(model));
    find("#shipped-models", HTMLElement, this.#dialog).replaceChildren(...items);
  }

  /** @param {ShippedModel} model */
  #shippedItem({ name, family, size, sha256, address }) {
    const { modelHash = null, card = null } = this.#inUse()?.karyolens ?? {};
    const isUsed = modelHash ? modelHash === sha256 : card?.name === name;
    const item = copyOf(find("#shipped-model", HTMLTemplateElement, this.#dialog));
    item.dataset.used = String(isUsed);
    find(".shipped-name", HTMLElement, item).textContent = name;
    find(".shipped-facts", HTMLElement, item).textContent = `${family}, ${number(size / 1e6, { maximumFractionDigits: 1 })} MB`;
    const button = find("button", HTMLButtonElement, item);
    button.disabled = isUsed;
    button.textContent = t(isUsed ? "models.used" : "models.use");
    button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    onPress(button, () => this.#choose(address, name));
    return item;
  }

  #showCard() {
    const inUse = this.#inUse();
    if (!inUse) return;
    const { karyolens, source } = inUse;
    const { kind, adapter, reason } = karyolens.device;
    const entries = cardSummary(karyolens, source instanceof File ? source.name : "");
    find("#model-summary", HTMLElement, this.#dialog).replaceChildren(...descriptions(entries));
    find("#model-card", HTMLElement, this.#dialog).textContent = JSON.stringify(karyolens.card, null, 2);
    find("#device-why", HTMLElement, this.#dialog).textContent = `${deviceName(kind, adapter)}: ${reason}.`;
  }
}
