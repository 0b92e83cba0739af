/**
 * Proof-reading: the nuclei of a field in a row, the least sure first, with one key a decision. The nucleus
 * that is selected in the session is the one in hand, so that row, field, table and panel go together.
 */

import { find, make, nowAndThen, oncePerFrame, onPress } from "../../elements/dom.js";
import { featureName, onLanguage, percent, t } from "../../language/language.js";
import { isChecked } from "../../session/cell.js";
import { nucleusPicture } from "../nucleus-picture.js";
import { ProofOrder } from "./proof-order.js";
import { surenessOf } from "./sureness.js";

/** @import { Pictures } from "../../reading/pictures.js" */
/** @import { Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */
/** @import { Editor } from "../edit/editor.js" */
/** @import { Nucleus } from "./proof-order.js" */

/** Windows that hold the whole page, as field.css has it. */
const WIDE = "(min-width: 64rem)";

export class ProofReading {
  #part;
  #open;
  #say;
  #list;
  #session;
  #pictures;
  #editor;
  #field;
  #onShow;
  #onLeave;
  /** While it goes on. @type {ProofOrder | null} */
  #order = null;
  /** The field in hand. @type {Source | null} */
  #read = null;
  /** @type {Map<Nucleus, HTMLElement>} */
  #items = new Map();
  /** The one that the row was scrolled to. @type {Nucleus | null} */
  #revealed = null;
  /** Draws the pictures of the nuclei that come into view: there may be thousands. */
  #observer;

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {Session} session
   * @param {Pictures} pictures
   * @param {Editor} editor
   * @param {object} options
   * @param {() => Source | null} options.field the one on show
   * @param {(nucleus: Nucleus) => void} options.onShow brings a nucleus into view, large enough to judge
   * @param {() => void} options.onLeave a person goes to the field
   */
  constructor(element, session, pictures, editor, { field, onShow, onLeave }) {
    this.#part = find(".proof", HTMLElement, element);
    this.#open = find(".proof-open", HTMLButtonElement, element);
    this.#say = find(".proof-say", HTMLElement, element);
    this.#list = find(".proof-list", HTMLElement, element);
    this.#session = session;
    this.#pictures = pictures;
    this.#editor = editor;
    this.#field = field;
    this.#onShow = onShow;
    this.#onLeave = onLeave;
    this.#observer = new IntersectionObserver((entries) => void this.#draw(entries), { root: this.#list });
    onPress(this.#open, () => (this.#order ? this.#end() : this.#begin()));
    onPress(find(".proof-close", HTMLButtonElement, element), () => this.#end());
    onPress(find(".proof-right", HTMLButtonElement, element), () => this.#confirm());
    onPress(find(".proof-remove", HTMLButtonElement, element), () => this.#remove());
    onPress(find(".proof-next", HTMLButtonElement, element), () => this.#step(1));
    this.#list.addEventListener("keydown", (event) => this.#onListKey(event));
    this.#list.addEventListener("click", ({ target }) => {
      const item = target instanceof Element ? target.closest("li") : null;
      const chosen = [...this.#items].find(([, one]) => one === item);
      if (chosen) this.#choose(chosen[0]);
    });
    const showSoon = oncePerFrame(() => this.#show());
    const showReading = nowAndThen(() => this.#show());
    session.listen((change) => (change === "reading" ? showReading() : showSoon()));
    onLanguage(showSoon);
  }

  /** Another field is on show, or none: proof-reading ends. @param {Source | null} field */
  follow(field) {
    if (this.#order && field !== this.#read) this.#stop();
  }

  /** Takes the key of a decision, while proof-reading goes on. @param {KeyboardEvent} event @returns {boolean} whether it took the key */
  takeKey(event) {
    if (!this.#order || event.ctrlKey || event.metaKey || event.altKey) return false;
    switch (event.key.toLowerCase()) {
      case "y": this.#confirm(); break;
      case "delete": case "backspace": this.#remove(); break;
      case "n": this.#step(1); break;
      case "p": this.#step(-1); break;
      default: return false;
    }
    return true;
  }

  /** @param {KeyboardEvent} event */
  #onListKey(event) {
    const isUndo = event.ctrlKey || event.metaKey;
    if (isUndo ? !this.#editor.takeKey(event) : !this.takeKey(event) && !this.#walk(event.key)) return;
    event.preventDefault();
  }

  /** @param {string} key */
  #walk(key) {
    switch (key) {
      case "ArrowRight": case "ArrowDown": this.#step(1); break;
      case "ArrowLeft": case "ArrowUp": this.#step(-1); break;
      case "Home": this.#choose(this.#order?.step(null, 0) ?? null); break;
      case "End": this.#choose(this.#order?.nuclei.at(-1) ?? null); break;
      case "Enter": this.#onLeave(); break;
      case "Escape": this.#end(); break;
      default: return false;
    }
    return true;
  }

  #begin() {
    this.#read = this.#field();
    const nuclei = this.#nuclei();
    this.#order = new ProofOrder(nuclei, (nucleus) => this.#surenessOf(nucleus).both);
    this.#show();
    const [first] = this.#order.nuclei;
    if (first) this.#choose(isChecked(first) ? (this.#order.next(first, isOpen) ?? first) : first);
    this.#list.focus();
    // In a small window the field below the row comes into view as well; a wide one holds both.
    if (!matchMedia(WIDE).matches) this.#part.scrollIntoView({ block: "start" });
  }

  #end() {
    this.#stop();
    this.#open.focus();
  }

  #stop() {
    this.#order = null;
    this.#observer.disconnect();
    this.#items.clear();
    this.#list.replaceChildren();
    this.#show();
  }

  #confirm() {
    const nucleus = this.#inHand();
    if (!nucleus) return;
    this.#editor.confirm(nucleus);
    this.#goOn(nucleus);
  }

  #remove() {
    const nucleus = this.#inHand();
    if (!nucleus) return;
    this.#editor.remove(nucleus);
    this.#goOn(nucleus);
  }

  /** To the next nucleus that nobody has looked at; after the last one it says so. @param {Nucleus} from */
  #goOn(from) {
    const next = this.#order?.next(from, isOpen) ?? null;
    if (next) this.#choose(next);
    else this.#show();
  }

  /** @param {1 | -1} by */
  #step(by) {
    this.#choose(this.#order?.step(this.#inHand(), by) ?? null);
  }

  /** @param {Nucleus | null} nucleus */
  #choose(nucleus) {
    if (!nucleus) return;
    this.#session.select(nucleus);
    this.#onShow(nucleus);
    this.#show();
  }

  /** @returns {Nucleus | null} */
  #inHand() {
    const { selected } = this.#session;
    return selected?.contour && selected.source === this.#read ? /** @type {Nucleus} */ (selected) : null;
  }

  #nuclei() {
    return /** @type {Nucleus[]} */ (this.#session.cells.filter(({ source, contour }) => source === this.#read && contour));
  }

  /** @param {Nucleus} nucleus */
  #surenessOf(nucleus) {
    return surenessOf(nucleus, this.#session.decisionOf(nucleus));
  }

  #show() {
    const order = this.#order;
    this.#part.hidden = order === null;
    this.#open.ariaExpanded = String(order !== null);
    if (!order) return;
    order.take(this.#nuclei());
    const { nuclei } = order;
    const inHand = this.#inHand();
    const items = nuclei.map((nucleus, index) => this.#itemOf(nucleus, nucleus === inHand, [index + 1, nuclei.length]));
    // A row of thousands is put together anew only where a nucleus has come or gone.
    const { children } = this.#list;
    if (items.length !== children.length || items.some((item, index) => item !== children[index])) this.#list.replaceChildren(...items);
    const item = inHand && this.#items.get(inHand);
    this.#list.setAttribute("aria-activedescendant", item?.id ?? "");
    if (item && inHand !== this.#revealed) this.#reveal(item);
    this.#revealed = inHand;
    const done = nuclei.filter(isChecked).length;
    this.#say.textContent = t(done === nuclei.length ? "proof.all-done" : "proof.done", { done, total: nuclei.length });
  }

  /** Scrolls the row alone: in a small window a person may look at the field below it. @param {HTMLElement} item */
  #reveal({ offsetLeft, offsetWidth }) {
    const { scrollLeft, clientWidth } = this.#list;
    if (offsetLeft >= scrollLeft && offsetLeft + offsetWidth <= scrollLeft + clientWidth) return;
    this.#list.scrollLeft = offsetLeft - (clientWidth - offsetWidth) / 2;
  }

  /** @param {Nucleus} nucleus @param {boolean} isInHand @param {[number, number]} place of how many */
  #itemOf(nucleus, isInHand, [place, count]) {
    let item = this.#items.get(nucleus);
    if (!item) {
      item = make("li", { role: "option", id: `proof-${nucleus.id}` }, make("span", { class: "proof-words" }), make("span", { class: "visually-hidden" }));
      this.#items.set(nucleus, item);
      this.#observer.observe(item);
    }
    const { outline, feature, call, both } = this.#surenessOf(nucleus);
    const number = this.#session.numberOf(nucleus) ?? 0;
    const isDone = isChecked(nucleus);
    const words = [
      ...(isDone ? [t("proof.checked")] : []),
      ...(outline === null ? [] : [t("proof.outline", { sureness: percent(outline) })]),
      ...(feature === null ? [] : [t("proof.call", { feature: featureName(feature), sureness: percent(call) })]),
    ];
    item.title = words.join("\n");
    find(".visually-hidden", HTMLElement, item).textContent = words.join(". ");
    item.ariaSelected = String(isInHand);
    item.ariaPosInSet = String(place);
    item.ariaSetSize = String(count);
    item.dataset.done = String(isDone);
    find(".proof-words", HTMLElement, item).textContent = isDone ? `✓ ${number}` : `${number}: ${percent(both)}`;
    return item;
  }

  /** @param {IntersectionObserverEntry[]} entries */
  async #draw(entries) {
    const bytes = this.#read?.bytes;
    const seen = entries.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target);
    const picture = bytes && seen.length > 0 ? await this.#pictures.of(bytes).catch(() => null) : null;
    if (!picture) return;
    for (const [nucleus, item] of this.#items) {
      if (!seen.includes(item)) continue;
      this.#observer.unobserve(item);
      const drawn = nucleusPicture(picture, nucleus.contour);
      drawn.ariaHidden = "true";
      item.prepend(drawn);
    }
  }
}

/** Whether nobody has looked at a nucleus yet. @param {Nucleus} nucleus */
function isOpen(nucleus) {
  return !isChecked(nucleus);
}
