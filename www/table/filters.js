/** The controls above the table: which cells are shown, and in which order. */

import { make, onPress } from "../elements/dom.js";
import { featureName, onLanguage, t } from "../language/language.js";
import { measurementName } from "../reading/measured-words.js";
import { EVERYTHING, MEASUREMENT, isDescendingAtFirst } from "./sorting.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { View } from "./sorting.js" */

export class Filters {
  #elements;
  #onView;
  /** @type {View} */
  #view = { ...EVERYTHING };
  /** @type {string[]} */
  #features = [];
  /** @type {string[]} */
  #measurements = [];

  /**
   * @param {PageElements["filters"]} elements
   * @param {() => void} onView a person asked for another view
   */
  constructor(elements, onView) {
    this.#elements = elements;
    this.#onView = onView;
    const { box, form, text, sort, direction, showAll } = elements;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      if (event.target === sort) this.#view = { ...this.#view, sort: sort.value, descending: isDescendingAtFirst(sort.value) };
      this.#read();
    });
    onPress(direction, () => {
      this.#view = { ...this.#view, descending: !this.#view.descending };
      this.#read();
    });
    onPress(showAll, () => {
      const { sort, descending } = this.#view;
      this.#view = { ...EVERYTHING, sort, descending };
      this.#showView();
      this.#onView();
      text.focus();
    });
    // A small window shows the cells first; the summary opens the controls.
    const wide = matchMedia("(min-width: 40rem)");
    box.open = wide.matches;
    wide.addEventListener("change", () => {
      if (wide.matches) box.open = true;
    });
    onLanguage(() => this.#fillChoices());
    this.#fillChoices();
  }

  /** The filters and the order in force. */
  get view() {
    return this.#view;
  }

  /** Takes an order that a person asked for elsewhere. @param {Pick<View, "sort" | "descending">} order */
  sortBy(order) {
    this.#view = { ...this.#view, ...order };
    this.#showView();
  }

  /** Sets which features and measurements can be chosen, and whether there is a risk. @param {string[]} features @param {string[]} measurements @param {boolean} hasRisk */
  offer(features, measurements, hasRisk) {
    this.#elements.risk.disabled = !hasRisk;
    if (!hasRisk && this.#view.risk) this.#view = { ...this.#view, risk: "" };
    if (isSame(features, this.#features) && isSame(measurements, this.#measurements)) return;
    this.#features = features;
    this.#measurements = measurements;
    this.#fillChoices();
  }

  #read() {
    const { text, show, feature, risk } = this.#elements;
    this.#view = {
      ...this.#view,
      text: text.value,
      show: /** @type {View["show"]} */ (show.value),
      feature: feature.value,
      risk: /** @type {View["risk"]} */ (risk.value),
    };
    this.#showView();
    this.#onView();
  }

  #fillChoices() {
    const { feature, sort } = this.#elements;
    const features = this.#features;
    const option = (/** @type {string} */ value, /** @type {string} */ label) => make("option", { value }, label);
    feature.replaceChildren(option("", t("filter.any-feature")), ...features.map((name) => option(name, featureName(name))));
    sort.replaceChildren(
      ...["added", "name", "risk", "doubt"].map((value) => option(value, t(`sort.${value}`))),
      ...features.map((name) => option(`feature:${name}`, featureName(name))),
      ...this.#measurements.map((name) => option(MEASUREMENT + name, measurementName(name))),
    );
    // The model in use does not know the feature any more.
    if (!features.includes(this.#view.feature)) this.#view = { ...this.#view, feature: "" };
    if (![...sort.options].some((option) => option.value === this.#view.sort)) {
      const { sort, descending } = EVERYTHING;
      this.#view = { ...this.#view, sort, descending };
    }
    this.#showView();
  }

  #showView() {
    const { text, show, feature, risk, sort, direction, showAll } = this.#elements;
    const { sort: order, descending, ...filters } = this.#view;
    text.value = filters.text;
    show.value = filters.show;
    feature.value = filters.feature;
    risk.value = filters.risk;
    sort.value = order;
    direction.dataset.descending = String(descending);
    direction.title = t(descending ? "sort.descending" : "sort.ascending");
    direction.setAttribute("aria-label", direction.title);
    showAll.hidden = Object.values(filters).every((value) => value === "");
  }
}

/** @param {string[]} one @param {string[]} other */
function isSame(one, other) {
  return one.join("\n") === other.join("\n");
}
