/** The findings of a comparison in the document: a row a feature, a card a cell. */

import { make } from "../elements/dom.js";
import { featureName, number, percent, t } from "../language/language.js";
import { deviceName } from "../reading/device-name.js";
import { featurePairs, isRead } from "./agreement.js";

/** @import { FeaturePrediction } from "../pkg/index.js" */
/** @import { Agreement, FeaturePair, Pair } from "./agreement.js" */
/** @import { Side } from "./side.js" */

/** The names of the two sides. */
export const LETTERS = /** @type {const} */ (["A", "B"]);

/**
 * The facts of one side: its name, its device, and how long it takes over a cell.
 *
 * @param {0 | 1} index
 * @param {Side} side
 * @param {number | null} time milliseconds a cell; null before there is one
 */
export function sideFacts(index, { karyolens, failure, name }, time) {
  const head = make("h3", {},
    make("span", { class: "compare-dot", "data-side": String(index), "aria-hidden": "true" }), ` ${LETTERS[index]}: ${name}`);
  if (failure) return [head, make("p", { class: "compare-failure" }, t("compare.failed", { message: failure }))];
  if (!karyolens) return [head, make("p", {}, t("compare.waiting"))];
  const { kind, adapter, reason } = karyolens.device;
  const shown = time === null ? "–" : t("compare.milliseconds", { time: number(time, { maximumFractionDigits: time < 10 ? 1 : 0 }) });
  return [head, make("dl", {},
    make("dt", {}, t("compare.time")), make("dd", { class: "compare-time" }, shown),
    make("dt", {}, t("compare.runsOn")),
    make("dd", {}, deviceName(kind, adapter), make("small", {}, reason)),
  )];
}

/**
 * One cell as both sides read it.
 *
 * @param {Pair} pair
 * @param {string} address of the picture
 */
export function cellCard(pair, address) {
  const features = featurePairs(pair);
  const differing = features.filter(({ differ }) => differ).length;
  const image = make("img", { src: address, alt: "", width: "56", height: "56" });
  // A format that the browser does not show, such as TIFF.
  image.addEventListener("error", () => image.remove());
  const verdict = differing > 0 ? t("compare.differing", { count: differing }) : t("compare.agree");
  const card = make("li", { class: "compare-cell", "data-differ": String(differing > 0) },
    make("div", { class: "compare-cell-head" },
      image,
      make("div", {},
        make("h4", {}, pair.name),
        make("p", {}, pair.synthetic ? `${t("compare.synthetic")} · ` : "", features.length > 0 ? verdict : ""))));
  for (const [side, reading] of pair.readings.entries()) {
    if (reading && !isRead(reading)) {
      const text = t("compare.failedCell", { side: LETTERS[side], message: reading.failure });
      card.append(make("p", { class: "compare-failure" }, text));
    }
  }
  if (features.length > 0) card.append(featureTable(features));
  return card;
}

/** @param {Agreement} agreement */
export function agreementRow({ name, cells, same, onlyFirst, onlySecond, largest, at }) {
  return make("tr", { "data-feature": name, "data-differ": String(same < cells) },
    make("th", { scope: "row" }, featureName(name)),
    make("td", {}, t("compare.same", { same, cells }), " ", make("small", {}, percent(same / cells, 1))),
    make("td", {}, number(onlyFirst)),
    make("td", {}, number(onlySecond)),
    make("td", {}, points(largest), " ", make("small", { class: "compare-at" }, largest > 0 ? at : "")),
  );
}

/** @param {FeaturePair[]} features */
function featureTable(features) {
  const hidden = (/** @type {string} */ key) => make("span", { class: "visually-hidden" }, t(key));
  const head = [hidden("compare.column.feature"), "", "A", "B", hidden("compare.column.difference")].map((text) =>
    text === "" ? make("td", { "aria-hidden": "true" }) : make("th", { scope: "col" }, text));
  const rows = features.map(({ name, first, second, differ }) =>
    make("tr", { "data-feature": name, "data-differ": String(differ) },
      make("th", { scope: "row" }, featureName(name)),
      make("td", { "aria-hidden": "true" }, track(first, second)),
      probability(first),
      probability(second),
      make("td", { class: "compare-sign" },
        ...(differ ? [make("span", { "aria-hidden": "true" }, "≠"), make("span", { class: "visually-hidden" }, t("compare.differ"))] : []))));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

/** @param {FeaturePrediction} feature */
function probability({ probability, threshold, present }) {
  return make("td", { class: "compare-probability", "data-present": String(present) },
    percent(probability, threshold),
    make("span", { class: "visually-hidden" }, `, ${t(present ? "compare.present" : "compare.absent")}`));
}

/** Both probabilities on one scale, with both thresholds. @param {FeaturePrediction} first @param {FeaturePrediction} second */
function track(first, second) {
  const element = make("span", { class: "compare-track" }, make("span", { class: "compare-span" }));
  element.style.setProperty("--low", String(Math.min(first.probability, second.probability)));
  element.style.setProperty("--high", String(Math.max(first.probability, second.probability)));
  [first, second].forEach(({ probability, threshold }, side) => {
    for (const [part, at] of /** @type {const} */ ([["tick", threshold], ["dot", probability]])) {
      const mark = make("span", { class: `compare-${part}`, "data-side": String(side) });
      mark.style.setProperty("--at", String(at));
      element.append(mark);
    }
  });
  return element;
}

/** A difference of probabilities. @param {number} difference */
function points(difference) {
  return number(difference, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
}
