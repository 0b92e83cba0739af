/** The quiz in the document: a box for each feature, a row of the answer, a row of the score. */

import { make } from "../elements/dom.js";
import { featureMeaning, featureName, listing, number, percent, t } from "../language/language.js";

/** @import { Call } from "../pkg/index.js" */
/** @import { Outcome, Score } from "./quiz.js" */

/** A checkbox with its key, its name and what it means. @param {HTMLFormElement} form @param {string} name @param {number} index */
export function featureBox(form, name, index) {
  const key = String(index + 1);
  const id = `${form.id}-${key}`;
  const box = make("input", {
    type: "checkbox", name: "feature", value: name, "aria-keyshortcuts": key,
    "aria-labelledby": `${id}-name`, "aria-describedby": `${id}-meaning`,
  });
  return make("li", {}, make("label", { class: "teach-feature" },
    box,
    make("span", { class: "teach-name" },
      make("span", { id: `${id}-name` }, featureName(name)), make("kbd", { "aria-hidden": "true" }, key)),
    make("span", { class: "teach-meaning", id: `${id}-meaning` }, featureMeaning(name)),
  ));
}

/**
 * @param {string} name
 * @param {Outcome} result of the person's guess
 * @param {Call | undefined} call the model's; none if it does not know the feature
 */
export function answerRow(name, result, call) {
  const drawn = result === "hit" || result === "miss";
  const guessed = result === "hit" || result === "false";
  const verdict = result === "right" ? [] : [make("span", { class: "teach-outcome" }, t(`teach.${result}`))];
  return make("tr", { "data-feature": name, "data-outcome": result },
    make("th", { scope: "row" }, featureName(name)),
    make("td", {}, mark(drawn)),
    make("td", { class: "teach-guessed" }, mark(guessed), ...verdict),
    make("td", { class: "teach-model" }, ...(call ? [mark(call.present), bar(call), percentage(call)] : [t("teach.unnamed")])),
  );
}

/** @param {Call} call */
function percentage({ probability, threshold }) {
  return make("span", { class: "teach-percent" }, percent(probability, threshold));
}

/** @param {Call} call */
function bar({ probability, threshold }) {
  const element = make("span", { class: "teach-bar", "aria-hidden": "true" }, make("span"), make("i"));
  element.style.setProperty("--probability", String(probability));
  element.style.setProperty("--threshold", String(threshold));
  return element;
}

/** @param {boolean} present */
function mark(present) {
  return make("span", { class: "teach-mark", "data-present": String(present) },
    make("span", { class: "visually-hidden" }, t(present ? "teach.yes" : "teach.no")));
}

/** @param {string} name @param {Score} score */
export function scoreRow(name, { hits, misses, falseCalls }) {
  return make("tr", {}, make("th", { scope: "row" }, name), ...[hits, misses, falseCalls].map((one) => make("td", {}, number(one))));
}

/** @param {Score} score */
export function scoreText({ hits, misses, falseCalls }) {
  return listing([t("teach.hits", { count: hits }), t("teach.misses", { count: misses }), t("teach.falseCalls", { count: falseCalls })]);
}
