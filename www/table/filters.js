/** The controls above the table: what is shown, and in what order. */

import { find, make, onPress } from "../elements/dom.js";
import { featureName, onLanguage, t } from "../language/language.js";
import { EVERYTHING, isDescendingAtFirst } from "./sorting.js";

/** @import { View } from "./sorting.js" */

const form = find("#filters", HTMLFormElement);
const text = find("#filter-text", HTMLInputElement);
const show = find("#filter-show", HTMLSelectElement);
const feature = find("#filter-feature", HTMLSelectElement);
const risk = find("#filter-risk", HTMLSelectElement);
const sort = find("#sort", HTMLSelectElement);
const direction = find("#direction", HTMLButtonElement);

/** @type {View} */
let view = { ...EVERYTHING };
/** @type {string[]} */
let features = [];

/** Calls `onView` whenever a person asks for another view. @param {(view: View) => void} onView */
export function startFilters(onView) {
  const read = () => {
    view = {
      ...view,
      text: text.value,
      show: /** @type {View["show"]} */ (show.value),
      feature: feature.value,
      risk: /** @type {View["risk"]} */ (risk.value),
    };
    showView();
    onView(view);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target === sort) view = { ...view, sort: sort.value, descending: isDescendingAtFirst(sort.value) };
    read();
  });
  onPress("#direction", () => {
    view = { ...view, descending: !view.descending };
    read();
  });
  onPress("#show-all", () => {
    const { sort, descending } = view;
    view = { ...EVERYTHING, sort, descending };
    showView();
    onView(view);
    text.focus();
  });
  // A small window shows the cells first; its summary opens the controls.
  const wide = matchMedia("(min-width: 40rem)");
  const box = find("#filter-box", HTMLDetailsElement);
  box.open = wide.matches;
  wide.addEventListener("change", () => {
    if (wide.matches) box.open = true;
  });
  onLanguage(fillChoices);
  fillChoices();
}

export function currentView() {
  return view;
}

/** The order in which a person asked by other means than these controls. @param {Pick<View, "sort" | "descending">} order */
export function sortBy(order) {
  view = { ...view, ...order };
  showView();
}

/** The features that can be chosen, and whether there is a risk. @param {string[]} names @param {boolean} hasRisk */
export function offerFeatures(names, hasRisk) {
  risk.disabled = !hasRisk;
  if (!hasRisk && view.risk) view = { ...view, risk: "" };
  if (names.join("\n") === features.join("\n")) return;
  features = names;
  fillChoices();
}

function fillChoices() {
  const option = (/** @type {string} */ value, /** @type {string} */ label) => make("option", { value }, label);
  feature.replaceChildren(option("", t("filter.any-feature")), ...features.map((name) => option(name, featureName(name))));
  sort.replaceChildren(
    ...["added", "name", "risk", "doubt"].map((value) => option(value, t(`sort.${value}`))),
    ...features.map((name) => option(`feature:${name}`, featureName(name))),
  );
  // What the model in use does not know cannot be asked for.
  if (!features.includes(view.feature)) view = { ...view, feature: "" };
  if (![...sort.options].some((option) => option.value === view.sort)) {
    const { sort, descending } = EVERYTHING;
    view = { ...view, sort, descending };
  }
  showView();
}

function showView() {
  text.value = view.text;
  show.value = view.show;
  feature.value = view.feature;
  risk.value = view.risk;
  sort.value = view.sort;
  direction.dataset.descending = String(view.descending);
  direction.setAttribute("aria-label", t(view.descending ? "sort.descending" : "sort.ascending"));
  direction.title = t(view.descending ? "sort.descending" : "sort.ascending");
  const { sort: _, descending: __, ...filters } = view;
  find("#show-all", HTMLButtonElement).hidden = Object.values(filters).every((value) => value === "");
}
