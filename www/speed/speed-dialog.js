/**
 * Measures the loaded model on this machine, on one core of the CPU and on WebGPU, and writes a
 * report in plain text that a person can pass on. Nothing is sent.
 */

import { copyText } from "../elements/clipboard.js";
import { median } from "../compare/agreement.js";
import { messageOf } from "../pkg/message.js";
import { deviceName } from "../reading/device-name.js";
import { browserFacts } from "../diagnostics/diagnostics.js";
import { openDialog } from "../elements/dialog.js";
import { find, make, onPress } from "../elements/dom.js";
import { number, t } from "../language/language.js";
import { findAdapter } from "../pkg/gpu.js";
import { Karyolens } from "../pkg/index.js";

/** @import { Source } from "../reading/engine.js" */

/** @typedef {"cpu" | "webgpu"} Device */

/**
 * The times of one device, in milliseconds.
 *
 * @typedef {object} Speed
 * @property {Device} device
 * @property {number} ready from nothing to a loaded model
 * @property {number} first the first forward pass once the model is loaded
 * @property {number[][]} passes of each of {@link BATCHES}, steady ones
 * @property {string[]} facts program, model and adapter
 */

/** Cells in one forward pass: one shows the wait for a single cell, sixteen the pace for a thousand. */
const BATCHES = [1, 16];
/** Passes before those that count: browsers compile code that runs often. */
const WARM_UP = 2;
/** Passes are repeated for this many milliseconds, within the two limits below. */
const LONG_ENOUGH = 2000;
const LEAST = 3;
const MOST = 30;
/** A pass that takes longer, in milliseconds, is measured once: on a software adapter it may take minutes. */
const ENDLESS = 5000;

/** @param {HTMLDialogElement} dialog @param {Source} source the checkpoint in use */
export function openSpeed(dialog, source) {
  new Measurement(dialog, source).begin();
}

/** One opening of the dialog. */
class Measurement {
  #source;
  #dialog;
  #closed;
  #say;
  /** @type {Speed[]} */
  #found = [];
  /** Devices that could not be measured, and why. @type {Map<Device, string>} */
  #failures = new Map();

  /** @param {HTMLDialogElement} dialog @param {Source} source */
  constructor(dialog, source) {
    this.#source = source;
    this.#dialog = dialog;
    this.#closed = openDialog(dialog);
    this.#say = this.#part("#speed-say", HTMLElement);
  }

  begin() {
    const area = this.#part("#speed-text", HTMLTextAreaElement);
    onPress(this.#button("#speed-start"), () => this.#measure(["cpu", "webgpu"]), this.#closed);
    onPress(this.#button("#speed-slow"), () => this.#measure(["webgpu"]), this.#closed);
    onPress(this.#button("#speed-copy"), () => copyText(area, this.#say, this.#closed), this.#closed);
    this.#part("#speed-results", HTMLElement).hidden = true;
    this.#part("#speed-software", HTMLElement).hidden = true;
    this.#say.textContent = "";
    this.#setBusy(false);
  }

  /** @param {Device[]} devices a software adapter is measured only if WebGPU is the only one */
  async #measure(devices) {
    this.#setBusy(true);
    this.#found = this.#found.filter(({ device }) => !devices.includes(device));
    for (const device of devices) this.#failures.delete(device);
    const adapter = await findAdapter();
    const software = this.#part("#speed-software", HTMLElement);
    software.hidden = true;
    for (const device of devices) {
      if (device === "webgpu" && devices.length > 1 && adapter !== "real") {
        if (adapter === "software") software.hidden = false;
        else this.#failures.set(device, t("speed.no-webgpu"));
        continue;
      }
      try {
        this.#found.push(await this.#measureOn(device));
      } catch (error) {
        this.#failures.set(device, messageOf(error));
      }
      if (this.#closed.aborted) return;
    }
    this.#setBusy(false);
    this.#show();
  }

  /** @param {Device} device @returns {Promise<Speed>} */
  async #measureOn(device) {
    this.#say.textContent = t("speed.say.loading", { device: deviceName(device) });
    const start = performance.now();
    const karyolens = await Karyolens.load({ model: this.#source, device, workers: 1 });
    const ready = performance.now() - start;
    const close = () => karyolens.close();
    this.#closed.addEventListener("abort", close);
    try {
      this.#closed.throwIfAborted();
      const [first] = await karyolens.measure();
      const passes = [];
      for (const batch of BATCHES) {
        this.#say.textContent = t("speed.say.measuring", { device: deviceName(device), count: batch });
        passes.push(await steadyPasses(karyolens, batch));
      }
      return { device, ready, first, passes, facts: factsOf(karyolens) };
    } finally {
      this.#closed.removeEventListener("abort", close);
      close();
    }
  }

  #show() {
    const rows = this.#found.map(({ device, first, passes }) => {
      const figures = [first, ...passes.map(median)].map((ms) => t("speed.milliseconds", { time: rounded(ms) }));
      const cells = [...figures, rounded(perSecond(passes))].map((text) => make("td", {}, text));
      return make("tr", { "data-device": device }, make("th", { scope: "row" }, deviceName(device)), ...cells);
    });
    const failed = [...this.#failures].map(([device, message]) =>
      make("tr", { "data-device": device, "data-failed": "true" }, make("th", { scope: "row" }, deviceName(device)), make("td", { colspan: "4" }, message)));
    this.#part("tbody", HTMLElement).replaceChildren(...rows, ...failed);
    this.#part("#speed-text", HTMLTextAreaElement).value = report(this.#found, this.#failures);
    this.#part("#speed-results", HTMLElement).hidden = false;
    this.#say.textContent = t(this.#found.length > 0 ? "speed.say.done" : "speed.say.failed");
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    const hadFocus = this.#dialog.contains(document.activeElement);
    for (const selector of ["#speed-start", "#speed-slow", "#speed-copy"]) this.#button(selector).disabled = busy;
    // A disabled button would lose the focus, and the keys with it.
    if (hadFocus) this.#button(busy ? ".dialog-head button" : "#speed-start").focus();
  }

  /** @param {string} selector */
  #button(selector) {
    return this.#part(selector, HTMLButtonElement);
  }

  /** @template {Element} T @param {string} selector @param {new () => T} type */
  #part(selector, type) {
    return find(selector, type, this.#dialog);
  }
}

/**
 * Milliseconds of steady passes, enough of them to trust their median.
 *
 * @param {Karyolens} karyolens
 * @param {number} batch
 */
async function steadyPasses(karyolens, batch) {
  const [once] = await karyolens.measure({ batch });
  if (once > ENDLESS) return [once];
  await karyolens.measure({ batch, passes: WARM_UP });
  const passes = Math.min(MOST, Math.max(LEAST, Math.round(LONG_ENOUGH / once)));
  return karyolens.measure({ batch, passes });
}

/** Cells read in a second, in the largest batches. @param {number[][]} passes */
function perSecond(passes) {
  const last = BATCHES.length - 1;
  return (1000 * BATCHES[last]) / median(passes[last]);
}

/** @param {Speed[]} found @param {Map<Device, string>} failures */
function report(found, failures) {
  const ms = (/** @type {number} */ value) => `${value.toFixed(1)} ms`;
  return [
    "Karyolens, speed of this machine",
    `Time: ${new Date().toISOString()}`,
    ...new Set(found.flatMap(({ facts }) => facts)),
    ...browserFacts(),
    ...found.flatMap(({ device, ready, first, passes }) => [
      `${deviceName(device)}: ready after ${ms(ready)}, first pass then ${ms(first)}, ${perSecond(passes).toFixed(1)} cells per second`,
      ...passes.map((times, index) =>
        `  batch ${BATCHES[index]}: median ${ms(median(times))} of ${times.length}, from ${ms(Math.min(...times))} to ${ms(Math.max(...times))}`),
    ]),
    ...[...failures].map(([device, message]) => `${deviceName(device)}: ${message}`),
    "",
  ].join("\n");
}

/** @param {Karyolens} karyolens */
function factsOf({ version, card, modelHash, device }) {
  const { family, ...sizes } = card.architecture;
  return [
    `Program: Karyolens ${version}`,
    `Model: ${card.name}, ${family} ${JSON.stringify(sizes)}, input ${card.input.side} px`,
    `Model SHA-256: ${modelHash ?? "unknown"}`,
    ...(device.adapter ? [`Adapter: ${device.adapter}`] : []),
  ];
}

/** With three digits. @param {number} value */
function rounded(value) {
  return number(value, { maximumSignificantDigits: 3 });
}
