/** Shows the slide of the selected cell's file, and lets a person name it. */

import { make } from "../elements/dom.js";
import { onLanguage, t } from "../language/language.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Source } from "./cell.js" */
/** @import { Session } from "./session.js" */

export class SlideField {
  #elements;
  #session;
  /** @type {Source | null} */
  #shown = null;

  /** @param {PageElements["slide"]} elements @param {Session} session */
  constructor(elements, session) {
    this.#elements = elements;
    this.#session = session;
    elements.name.addEventListener("change", () => this.#rename());
    elements.form.addEventListener("submit", (event) => event.preventDefault());
    // Digits and Escape belong to the text while a person writes it.
    elements.form.addEventListener("keydown", (event) => event.stopPropagation());
    session.listen((change) => ["selection", "cells", "slide"].includes(change) && this.#show());
    onLanguage(() => this.#show());
    this.#show();
  }

  #show() {
    const { form, name, names, others, othersText, withOthers } = this.#elements;
    const source = this.#session.selected?.source ?? null;
    // Nobody photographed a drawing.
    form.hidden = source === null || source.synthetic !== null;
    if (!source) return;
    const count = this.#othersOf(source).length;
    // Another file that arrives must not wipe a name that a person is typing.
    if (source !== this.#shown || document.activeElement !== name) name.value = source.slide;
    names.replaceChildren(...this.#knownSlides().map((slide) => make("option", { value: slide })));
    others.hidden = count === 0;
    othersText.textContent = source.slide === "" ? t("slide.others-unknown", { count }) : t("slide.others", { count, slide: source.slide });
    // Files of one slide belong together; files of which nobody knows the slide need not.
    if (source !== this.#shown) withOthers.checked = source.slide !== "";
    this.#shown = source;
  }

  #rename() {
    const source = this.#session.selected?.source;
    if (!source) return;
    const slide = this.#elements.name.value.normalize("NFC").trim();
    const others = this.#elements.withOthers.checked ? this.#othersOf(source) : [];
    if (slide !== source.slide) this.#session.nameSlide([source, ...others], slide);
  }

  /** The other files of the same slide. @param {Source} source */
  #othersOf(source) {
    return this.#session.sources.filter((one) => one !== source && one.slide === source.slide && one.synthetic === null);
  }

  #knownSlides() {
    return [...new Set(this.#session.sources.map(({ slide }) => slide))].filter((slide) => slide !== "").sort();
  }
}
