/** One row for each picture: how it looks, what the model says of it, or why it cannot. */

import { find, fromTemplate } from "./dom.js";

/** @import { FeaturePrediction, Prediction } from "./pkg/index.js" */

/** How many of the three steps are lit for each level of risk. */
const RISK_STEPS = { Low: 1, Medium: 2, High: 3 };

export class Row {
  element = fromTemplate("#row");
  #message = find(".message", HTMLElement, this.element);
  #picture = find(".picture", HTMLElement, this.element);
  #facts = find(".facts", HTMLElement, this.element);
  #address = "";

  /** @param {string} name as a person knows the file; shown as text, never parsed */
  constructor(name) {
    find(".name", HTMLElement, this.element).textContent = name;
    find(".format", HTMLElement, this.element).textContent = /\.(\w{1,5})$/.exec(name)?.[1] ?? "";
    this.#enter("waiting", "Waiting");
  }

  get state() {
    return this.element.dataset.state;
  }

  /** Marks the row as drawn by the program. @param {string[]} features what it was asked to show */
  markSynthetic(features) {
    this.element.dataset.synthetic = "";
    this.#facts.textContent = `Synthetic: drawn by Karyolens to show ${features.join(" and ")}. The model learnt from photographs.`;
  }

  /** Shows the picture where the browser knows its format; elsewhere the format's name stays. @param {Blob} picture */
  showPicture(picture) {
    this.#address = URL.createObjectURL(picture);
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("load", () => this.#picture.replaceChildren(image));
    image.src = this.#address;
  }

  showReading() {
    this.#enter("reading", "Reading…");
  }

  /** @param {string} text */
  showFailure(text) {
    this.#enter("failed", text);
  }

  /** @param {Prediction} prediction */
  showPrediction({ features, risk, notice }) {
    const present = features.filter((feature) => feature.present).map((feature) => feature.name);
    this.#enter("done", present.length > 0 ? present.join(", ") : "No feature reaches its threshold");
    if (notice) {
      const remark = document.createElement("p");
      remark.className = "notice";
      remark.textContent = notice;
      this.#message.before(remark);
    }
    if (risk) {
      const line = find(".risk", HTMLElement, this.element);
      line.hidden = false;
      line.dataset.level = risk.level;
      line.dataset.score = String(risk.score);
      line.style.setProperty("--steps", String(RISK_STEPS[risk.level]));
      find(".level", HTMLElement, line).textContent = `${risk.level} risk`;
      find(".score", HTMLElement, line).textContent = `score ${risk.score}`;
    }
    const list = find(".features", HTMLElement, this.element);
    list.hidden = features.length === 0;
    list.replaceChildren(...features.map(featureItem));
  }

  remove() {
    URL.revokeObjectURL(this.#address);
    this.element.remove();
  }

  /** @param {"waiting" | "reading" | "done" | "failed"} state @param {string} message */
  #enter(state, message) {
    this.element.dataset.state = state;
    this.#message.textContent = message;
  }
}

/** @param {FeaturePrediction} feature */
function featureItem({ name, probability, threshold, present }) {
  const item = fromTemplate("#feature");
  item.dataset.feature = name;
  item.dataset.probability = String(probability);
  item.dataset.threshold = String(threshold);
  item.dataset.present = String(present);
  find(".feature-name", HTMLElement, item).textContent = name;
  find(".percent", HTMLElement, item).textContent = percent(probability, threshold);
  find(".verdict", HTMLElement, item).textContent =
    `${present ? "present" : "not present"}, threshold ${percent(threshold)}`;
  const bar = find(".bar", HTMLElement, item);
  bar.style.setProperty("--probability", String(probability));
  bar.style.setProperty("--threshold", String(threshold));
  return item;
}

/**
 * In whole percent, or as finely as it takes to stay on the right side of the threshold: 49.9 %
 * must not read as 50 % where that would be present.
 *
 * @param {number} probability
 * @param {number} [threshold]
 */
function percent(probability, threshold) {
  let digits = 0;
  const rounded = () => Number((100 * probability).toFixed(digits));
  if (threshold !== undefined) {
    while (digits < 4 && (rounded() >= 100 * threshold) !== (probability >= threshold)) digits++;
  }
  return `${rounded().toFixed(digits)} %`;
}
