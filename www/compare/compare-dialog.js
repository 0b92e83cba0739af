/**
 * Two models, or one on two devices, beside each other on the same cells. agreement.js says where
 * they agree; this dialog asks for the sides, runs both and shows the findings.
 */

import { agreements, comparisonCsv, featurePairs, isRead, medianTime } from "./agreement.js";
import { deviceName } from "../reading/device-name.js";
import { openDialog } from "../elements/dialog.js";
import { download, find, make, messageOf, oncePerFrame, onPress } from "../elements/dom.js";
import { number, percent, t } from "../language/language.js";
import { Karyolens } from "../pkg/index.js";
import { LETTERS, agreementRow, cellCard } from "./findings.js";

/** @import { LoadOptions } from "../pkg/index.js" */
/** @import { Pair, Reading } from "./agreement.js" */
/** @import { Cell, Session } from "../session/session.js" */

/** A model that can be chosen. @typedef {{id: string, name: string, address: URL}} Choice */

/**
 * @typedef {object} Page what the comparison works with
 * @property {Session} session
 * @property {() => Promise<Choice[]>} listModels
 */

/** One of the two: what was asked for, and what came of it. @typedef {{choice: Choice, device: LoadOptions["device"], karyolens: Karyolens | null, failure: string}} Side */

/** A cell that can be read. @typedef {Cell & {picture: Blob}} PicturedCell */

/** More would make somebody wait, and the list long, for little more to learn. */
const MOST_CELLS = 50;

const SIDES = /** @type {const} */ ([0, 1]);

/** @param {HTMLDialogElement} dialog @param {Page} page */
export function openCompare(dialog, page) {
  return new Comparison(dialog, page).begin();
}

/** One opening of the dialog. */
class Comparison {
  #session;
  #listModels;
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

  /** @param {HTMLDialogElement} dialog @param {Page} page */
  constructor(dialog, { session, listModels }) {
    this.#session = session;
    this.#listModels = listModels;
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
    const isPictured = cells.some((cell) => cell === selected);
    this.#part("input[value=selected]", HTMLInputElement).disabled = !isPictured;
    this.#part("#compare-selected", HTMLElement).textContent =
      isPictured && selected ? t("compare.selected", { name: selected.name }) : t("compare.selected.none");
    this.#chooseFirst();
    this.#say(cells.length === 0 ? t("compare.say.noCells") : "");
    try {
      this.#choices = await this.#listModels();
    } catch (error) {
      this.#say(t("compare.say.noModels", { message: messageOf(error) }));
      return;
    }
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
      const choice = this.#choices[model.selectedIndex];
      return { choice, device: /** @type {LoadOptions["device"]} */ (device.value), karyolens: null, failure: "" };
    });
    this.#showRunning(cells.length);
    try {
      await this.#load(running.signal);
      if (this.#sides.every(({ failure }) => failure === "")) await this.#read(cells, running.signal);
    } finally {
      for (const { karyolens } of this.#sides) karyolens?.close();
      this.#running = null;
      if (!this.#closed.aborted) this.#showEnd(running.signal.aborted);
    }
  }

  /** Loads one side after the other; a side that cannot be loaded says why. @param {AbortSignal} signal */
  async #load(signal) {
    for (const side of SIDES) {
      if (signal.aborted) return;
      const one = this.#sides[side];
      this.#say(t("compare.say.loading", { side: LETTERS[side], name: one.choice.name }));
      const loading = Karyolens.load({ model: one.choice.address, device: one.device });
      try {
        one.karyolens = await unlessAborted(loading, signal);
      } catch (error) {
        loading.then((late) => late.close(), () => {});
        if (!signal.aborted) one.failure = messageOf(error);
      }
      this.#showSide(side);
    }
  }

  /** Both sides take turns, so that what else the machine does slows neither alone. @param {PicturedCell[]} cells @param {AbortSignal} signal */
  async #read(cells, signal) {
    const stop = () => {
      for (const { karyolens } of this.#sides) karyolens?.close();
    };
    signal.addEventListener("abort", stop);
    for (const [index, { name, picture, synthetic }] of cells.entries()) {
      this.#say(t("compare.say.reading", { done: index, count: cells.length }));
      this.#part("#compare-bar", HTMLProgressElement).value = index;
      /** @type {Pair} */
      const pair = { name, synthetic: synthetic !== null, readings: [null, null] };
      for (const side of SIDES) {
        const one = this.#sides[side];
        const reading = await readOn(one, picture);
        if (signal.aborted) return;
        pair.readings[side] = reading;
        if ("failure" in reading && one.karyolens?.closed) one.failure = reading.failure;
      }
      this.#pairs.push(pair);
        const address = URL.createObjectURL(picture);
      this.#addresses.push(address);
      this.#part("#compare-cells", HTMLElement).append(cellCard(pair, address));
      this.#showSoon();
      // One that has crashed reads nothing more.
      if (this.#sides.some(({ failure }) => failure !== "")) return;
    }
  }

  #wantedCells() {
    const cells = picturedCells(this.#session);
    const data = new FormData(this.#form);
    if (data.get("cells") === "selected") return cells.filter((cell) => cell === this.#session.selected);
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

  /** What is known of one side. @param {0 | 1} side */
  #showSide(side) {
    const { choice, karyolens, failure } = this.#sides[side];
    const facts = this.#part(`.compare-facts[data-side="${side}"]`, HTMLElement);
    const name = karyolens?.card.name ?? choice.name;
    facts.replaceChildren(make("h3", {},
      make("span", { class: "compare-dot", "data-side": String(side), "aria-hidden": "true" }), ` ${LETTERS[side]}: ${name}`));
    if (failure) {
      facts.append(make("p", { class: "compare-failure" }, t("compare.failed", { message: failure })));
      return;
    }
    if (!karyolens) {
      facts.append(make("p", {}, t("compare.waiting")));
      return;
    }
    const { kind, adapter, reason } = karyolens.device;
    const time = medianTime(this.#pairs, side);
    const shown = time === null ? "–" : t("compare.milliseconds", { time: number(time, { maximumFractionDigits: time < 10 ? 1 : 0 }) });
    facts.append(make("dl", {},
      make("dt", {}, t("compare.time")), make("dd", { class: "compare-time" }, shown),
      make("dt", {}, t("compare.runsOn")),
      make("dd", {}, deviceName(kind, adapter), make("small", {}, reason)),
    ));
  }

  #save() {
    const [first, second] = this.#sides.map(({ karyolens, choice }) => ({
      model: karyolens?.card.name ?? choice.name,
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

/** Cells of an imported export have no picture to read. @param {Session} session @returns {PicturedCell[]} */
function picturedCells({ cells }) {
  return /** @type {PicturedCell[]} */ (cells.filter(({ picture }) => picture !== null));
}

/** @param {Side} side @param {Blob} picture @returns {Promise<Reading>} */
async function readOn({ karyolens, failure }, picture) {
  if (!karyolens) return { failure };
  const begin = performance.now();
  try {
    const { features } = await karyolens.classify(picture);
    return { features, milliseconds: performance.now() - begin };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

/** @template T @param {Promise<T>} promise @param {AbortSignal} signal @returns {Promise<T>} */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
