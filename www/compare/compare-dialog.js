/**
 * Two models, or one on two devices, beside each other on the same cells. agreement.js says where
 * they agree; this dialog asks for the sides, runs both and shows the findings.
 */

import { openDialog } from "../elements/dialog.js";
import { download, find, make, oncePerFrame, onPress } from "../elements/dom.js";
import { percent, t } from "../language/language.js";
import { shippedClassifiers } from "../models/shipped-models.js";
import { pictureOf } from "../session/cell.js";
import { agreements, comparisonCsv, featurePairs, isRead, medianTime } from "./agreement.js";
import { LETTERS, agreementRow, cellCard, sideFacts } from "./findings.js";
import { Side } from "./side.js";

/** @import { LoadOptions } from "../pkg/index.js" */
/** @import { Pair } from "./agreement.js" */
/** @import { Choice } from "./side.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** A cell that can be read. @typedef {{cell: Cell, picture: Blob}} PicturedCell */

/** More cells would mean a longer wait and a longer list, and teach little more. */
const MOST_CELLS = 50;

const SIDES = /** @type {const} */ ([0, 1]);

/** @param {HTMLDialogElement} dialog @param {Session} session */
export function openCompare(dialog, session) {
  return new Comparison(dialog, session).begin();
}

/** One opening of the dialog. */
class Comparison {
  #session;
  #dialog;
  #closed;
  #form;
  /** @type {Choice[]} */
  #choices = [];
  /** @type {Side[]} */
  #sides = [];
  /** @type {Pair[]} */
  #pairs = [];
  /** Ends what runs now. @type {AbortController | null} */
  #running = null;
  /** Addresses of the pictures that are shown. @type {string[]} */
  #addresses = [];
  #showSoon = oncePerFrame(() => this.#showFindings());

  /** @param {HTMLDialogElement} dialog @param {Session} session */
  constructor(dialog, session) {
    this.#session = session;
    this.#dialog = dialog;
    this.#closed = openDialog(dialog);
    this.#form = find("#compare-setup", HTMLFormElement, dialog);
  }

  async begin() {
    const signal = this.#closed;
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (!this.#running) void this.#compare();
    };
    this.#form.addEventListener("submit", submit, { signal });
    onPress(this.#part("#compare-cancel", HTMLButtonElement), () => this.#running?.abort(), signal);
    onPress(this.#part("#compare-save", HTMLButtonElement), () => this.#save(), signal);
    this.#part("#compare-only", HTMLInputElement).addEventListener("change", () => this.#showOnlyWanted(), { signal });
    const count = this.#part("input[name=count]", HTMLInputElement);
    count.addEventListener("input", () => this.#chooseFirst(), { signal });
    signal.addEventListener("abort", () => {
      this.#running?.abort();
      this.#forgetResults();
    });
    this.#forgetResults();
    await this.#ask();
  }

  /** Fills in what can be chosen. */
  async #ask() {
    const start = this.#part("#compare-start", HTMLButtonElement);
    start.disabled = true;
    const cells = picturedCells(this.#session);
    const { selected } = this.#session;
    const isPictured = cells.some(({ cell }) => cell === selected);
    this.#part("input[value=selected]", HTMLInputElement).disabled = !isPictured;
    this.#part("#compare-selected", HTMLElement).textContent =
      isPictured && selected ? t("compare.selected", { name: selected.source.name }) : t("compare.selected.none");
    this.#chooseFirst();
    this.#say(cells.length === 0 ? t("compare.say.noCells") : "");
    this.#choices = await shippedClassifiers();
    if (this.#closed.aborted) return;
    for (const side of SIDES) {
      const models = this.#setup(side).model;
      models.replaceChildren(...this.#choices.map(({ id, name }) => make("option", { value: id }, name)));
      models.selectedIndex = Math.min(side, this.#choices.length - 1);
    }
    // With a single model there are the devices to compare.
    this.#setup(1).device.value = this.#choices.length > 1 ? "auto" : "cpu";
    start.disabled = cells.length === 0 || this.#choices.length === 0;
    if (!start.disabled) start.focus();
  }

  async #compare() {
    const cells = this.#wantedCells();
    const running = new AbortController();
    this.#running = running;
    this.#forgetResults();
    this.#sides = SIDES.map((side) => {
      const { model, device } = this.#setup(side);
      return new Side(this.#choices[model.selectedIndex], /** @type {LoadOptions["device"]} */ (device.value));
    });
    this.#showRunning(cells.length);
    try {
      await this.#load(running.signal);
      if (this.#sides.every(({ failure }) => failure === "")) await this.#read(cells, running.signal);
    } finally {
      this.#closeSides();
      this.#running = null;
      if (!this.#closed.aborted) this.#showEnd(running.signal.aborted);
    }
  }

  /** Loads one side after the other. @param {AbortSignal} signal */
  async #load(signal) {
    for (const index of SIDES) {
      if (signal.aborted) return;
      const side = this.#sides[index];
      this.#say(t("compare.say.loading", { side: LETTERS[index], name: side.name }));
      await side.load(signal);
      this.#showSide(index);
    }
  }

  /** Has the sides take turns, so that other work of the machine slows neither alone. @param {PicturedCell[]} cells @param {AbortSignal} signal */
  async #read(cells, signal) {
    signal.addEventListener("abort", () => this.#closeSides());
    for (const [index, { cell, picture }] of cells.entries()) {
      const { name, synthetic } = cell.source;
      this.#say(t("compare.say.reading", { done: index, count: cells.length }));
      this.#part("#compare-bar", HTMLProgressElement).value = index;
      /** @type {Pair} */
      const pair = { name, synthetic: synthetic !== null, readings: [null, null] };
      for (const index of SIDES) {
        const side = this.#sides[index];
        const reading = await side.read(picture);
        if (signal.aborted) return;
        pair.readings[index] = reading;
        // A side that has crashed reads nothing more.
        if ("failure" in reading && side.karyolens?.closed) side.failure = reading.failure;
      }
      this.#pairs.push(pair);
      this.#showCell(pair, picture);
      this.#showSoon();
      if (this.#sides.some(({ failure }) => failure !== "")) return;
    }
  }

  #closeSides() {
    for (const side of this.#sides) side.close();
  }

  #wantedCells() {
    const cells = picturedCells(this.#session);
    const data = new FormData(this.#form);
    if (data.get("cells") === "selected") return cells.filter(({ cell }) => cell === this.#session.selected);
    const count = Math.trunc(Number(data.get("count")));
    return cells.slice(0, Math.min(Math.max(count, 1), MOST_CELLS));
  }

  #chooseFirst() {
    this.#part("input[name=cells][value=first]", HTMLInputElement).checked = true;
  }

  /** @param {number} count of cells */
  #showRunning(count) {
    this.#toggleRunning(true);
    const bar = this.#part("#compare-bar", HTMLProgressElement);
    bar.removeAttribute("value");
    bar.max = count;
    this.#part("#compare-results", HTMLElement).hidden = false;
    for (const side of SIDES) this.#showSide(side);
    this.#part("#compare-cancel", HTMLButtonElement).focus();
  }

  /** @param {boolean} cancelled */
  #showEnd(cancelled) {
    this.#toggleRunning(false);
    this.#showFindings();
    this.#say(this.#ending(cancelled));
    this.#part("#compare-save", HTMLButtonElement).hidden = !this.#pairs.some((pair) => featurePairs(pair).length > 0);
    this.#part("#compare-start", HTMLButtonElement).focus({ preventScroll: true });
  }

  /** @param {boolean} cancelled */
  #ending(cancelled) {
    const count = this.#pairs.length;
    const failed = SIDES.find((side) => this.#sides[side].failure !== "");
    if (cancelled) return count > 0 ? t("compare.say.cancelledAfter", { count }) : t("compare.say.cancelled");
    if (failed !== undefined) return t(count > 0 ? "compare.say.broke" : "compare.say.failed", { side: LETTERS[failed] });
    const calls = this.#pairs.flatMap(featurePairs);
    if (calls.length === 0 && this.#pairs.some(({ readings }) => readings.every(isRead))) return t("compare.say.apart");
    const same = calls.filter(({ differ }) => !differ).length;
    return t("compare.say.done", { count, agreement: percent(calls.length > 0 ? same / calls.length : 0, 1) });
  }

  /** @param {boolean} isRunning */
  #toggleRunning(isRunning) {
    for (const set of this.#form.querySelectorAll("fieldset")) set.disabled = isRunning;
    this.#part("#compare-start", HTMLButtonElement).hidden = isRunning;
    this.#part("#compare-cancel", HTMLButtonElement).hidden = !isRunning;
    this.#part("#compare-bar", HTMLProgressElement).hidden = !isRunning;
  }

  #showFindings() {
    if (this.#closed.aborted) return;
    for (const side of SIDES) this.#showSide(side);
    this.#part("#compare-found", HTMLElement).hidden = this.#pairs.length === 0;
    this.#part("#compare-found tbody", HTMLElement).replaceChildren(...agreements(this.#pairs).map(agreementRow));
    this.#showOnlyWanted();
  }

  #showOnlyWanted() {
    const only = this.#part("#compare-only", HTMLInputElement).checked;
    const cards = [...this.#part("#compare-cells", HTMLElement).children].filter((card) => card instanceof HTMLElement);
    for (const card of cards) card.hidden = only && card.dataset.differ === "false";
    this.#part("#compare-none", HTMLElement).hidden = cards.some((card) => !card.hidden);
  }

  /** @param {0 | 1} side */
  #showSide(side) {
    const found = sideFacts(side, this.#sides[side], medianTime(this.#pairs, side));
    this.#part(`.compare-facts[data-side="${side}"]`, HTMLElement).replaceChildren(...found);
  }

  /** @param {Pair} pair @param {Blob} picture */
  #showCell(pair, picture) {
    const address = URL.createObjectURL(picture);
    this.#addresses.push(address);
    this.#part("#compare-cells", HTMLElement).append(cellCard(pair, address));
  }

  #save() {
    const [first, second] = this.#sides.map(({ karyolens, name }) => ({
      model: name,
      sha256: karyolens?.modelHash ?? null,
      device: karyolens?.device.kind ?? "",
      program: karyolens?.version ?? "",
    }));
    const csv = comparisonCsv(this.#pairs, [first, second]);
    download("karyolens-comparison.csv", new Blob([csv], { type: "text/csv" }));
  }

  #forgetResults() {
    for (const address of this.#addresses) URL.revokeObjectURL(address);
    this.#addresses = [];
    this.#pairs = [];
    this.#part("#compare-cells", HTMLElement).replaceChildren();
    for (const selector of ["#compare-results", "#compare-found", "#compare-save"]) this.#part(selector, HTMLElement).hidden = true;
    this.#toggleRunning(false);
  }

  /** @param {0 | 1} side */
  #setup(side) {
    const within = this.#part(`.compare-side[data-side="${side}"]`, HTMLElement);
    return {
      model: find("select[name=model]", HTMLSelectElement, within),
      device: find("select[name=device]", HTMLSelectElement, within),
    };
  }

  /** @param {string} text */
  #say(text) {
    this.#part("#compare-say", HTMLElement).textContent = text;
  }

  /** @template {Element} T @param {string} selector @param {new () => T} type */
  #part(selector, type) {
    return find(selector, type, this.#dialog);
  }
}

/** The cells that have a picture: those of an opened session have none. @param {Session} session @returns {PicturedCell[]} */
function picturedCells({ cells }) {
  return cells.flatMap((cell) => {
    const picture = pictureOf(cell);
    return picture ? [{ cell, picture }] : [];
  });
}
