/**
 * A field of the session: its picture, the outlines of its cells, and the cell under the pointer in
 * words. The table beside it shows the same cells, and both have the same selection.
 */

import { find, nowAndThen, onPress, oncePerFrame } from "../elements/dom.js";
import { onLanguage, t } from "../language/language.js";
import { styles } from "./colouring.js";
import { ContourIndex, boxOf } from "./contour-index.js";
import { Editor } from "./edit/editor.js";
import { FieldControls } from "./field-controls.js";
import { FieldTip, inWords } from "./field-tip.js";
import { Gestures } from "./gestures.js";
import { ProofReading } from "./proof/proof-reading.js";
import { ScaleControl } from "./scale-control.js";
import { Stage } from "./stage.js";

/** @import { Geometry, RedCells } from "../pkg/index.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Measurements } from "../reading/measurements.js" */
/** @import { Search } from "../reading/reader.js" */
/** @import { Cell, Contour, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Point } from "./view.js" */

/** A cell of a field. @typedef {Cell & {contour: Contour}} Nucleus */

/** A nucleus that is judged takes this share of the window's shorter side: its surroundings matter too. */
const JUDGED = 1 / 4;

export class FieldViewer {
  /** The part of the page that takes the keys of a field. */
  window;

  #page;
  #element;
  #session;
  #pictures;
  #measurements;
  #onStep;
  #stage;
  #controls;
  #scale;
  #editor;
  #proof;
  #geometry;
  #tip;
  #missing;
  /** The field on show. @type {Source | null} */
  #field = null;
  /** Its bytes that are on show. @type {Blob | null} */
  #bytes = null;
  /** As its file tells it. @type {number | null} */
  #fileScale = null;
  /** @type {Nucleus[]} */
  #nuclei = [];
  /** @type {ContourIndex<Nucleus>} */
  #index = new ContourIndex([]);
  /** @type {Contour[]} */
  #leftOut = [];
  /** @type {ContourIndex<Contour>} */
  #leftOutIndex = new ContourIndex([]);
  /** The search for nuclei that is under way, in this field or another. @type {Search | null} */
  #search = null;
  #showReading = nowAndThen(() => this.#show());
  /** @type {RedCells | null} */
  #redCells = null;
  /** @type {Nucleus | null} */
  #hovered = null;
  /** The pointer's place in pixels of the field. @type {Point | null} */
  #pointer = null;
  /** The selected cell that was brought into view: it may leave again as a person moves on. @type {Cell | null} */
  #revealed = null;

  /**
   * @param {HTMLElement} element the section of field.html
   * @param {Session} session
   * @param {Pictures} pictures
   * @param {Measurements} measurements
   * @param {object} options
   * @param {HTMLElement} options.page carries the state that the stylesheet looks at
   * @param {Geometry} options.geometry
   * @param {(by: number) => void} options.onStep to the next or the previous cell of the table
   * @param {(cells: Cell[]) => void} options.onChanged a person has outlined these cells
   * @param {(field: Source, undo: () => void) => void} options.onScale a person has told the scale of a field
   * @param {(field: Source) => void} options.onSummary a person wants to see a field at a glance
   */
  constructor(element, session, pictures, measurements, { page, geometry, onStep, onChanged, onScale, onSummary }) {
    this.window = find(".field-stage", HTMLElement, element);
    this.#page = page;
    this.#element = element;
    this.#session = session;
    this.#pictures = pictures;
    this.#measurements = measurements;
    this.#onStep = onStep;
    this.#geometry = geometry;
    this.#stage = new Stage(this.window);
    this.#tip = new FieldTip(find(".field-tip", HTMLElement, element), this.window);
    this.#missing = find(".field-missing", HTMLElement, element);
    this.#controls = new FieldControls(element, {
      onLook: () => this.#show(),
      onField: (field) => session.select(session.cells.find(({ source }) => source === field) ?? null),
      onZoom: (factor) => this.#zoom(factor),
    });
    this.#scale = new ScaleControl(element, (field, scale, isEstimated) => {
      const { micrometresPerPixel, isScaleEstimated } = field;
      session.setScale(field, scale, isEstimated);
      onScale(field, () => session.setScale(field, micrometresPerPixel, isScaleEstimated));
    });
    onPress(find(".field-summary", HTMLButtonElement, element), () => this.#field && onSummary(this.#field));
    const onMeasured = (/** @type {number} */ pixels) => this.#scale.ask(pixels);
    const editor = new Editor(element, this.#stage, session, { geometry, field: () => this.#field, onChanged, onMeasured });
    this.#editor = editor;
    this.#proof = new ProofReading(element, session, pictures, editor, {
      field: () => this.#field,
      onShow: (nucleus) => this.#enlarge(nucleus),
      onLeave: () => this.window.focus(),
    });
    // Before the gestures: a tool in use takes the arrows for its cursor.
    this.window.addEventListener("keydown", (event) => this.#onKey(event));
    new Gestures(this.window, () => this.#stage.view, {
      onView: () => this.#onView(),
      onChoose: (place, { shiftKey }) => this.#choose(place, shiftKey),
      onHover: (place) => this.#hover(place),
      draws: () => editor.draws,
      onDraw: (part, place) => this.#draw(part, place),
      onDrawCancelled: () => editor.cancel(),
    });
    const showSoon = oncePerFrame(() => this.#show());
    session.listen((change) => (change === "reading" ? this.#showReading() : showSoon()));
    measurements.listen(showSoon);
    onLanguage(showSoon);
    showSoon();
  }

  /** The look of a field's outlines, as they are coloured now. @param {Source} field */
  stylesOf(field) {
    return styles(this.#controls.colouring, this.#session, this.#measurements, field);
  }

  /** Shows the outlines that a search has found so far; null: there is no search. @param {Search | null} search */
  showSearch(search) {
    this.#search = search;
    this.#showReading();
  }

  /** Takes a nucleus away, which can be taken back. @param {Cell} nucleus @param {Cell | null} next the cell to select after it */
  remove(nucleus, next) {
    this.#editor.remove(nucleus);
    if (next) this.#session.select(next);
  }

  #show() {
    const fields = this.#session.sources.filter(({ kind }) => kind === "field");
    const field = this.#fieldAmong(fields);
    this.#element.hidden = field === null;
    this.#page.dataset.field = field ? "open" : "";
    this.#controls.offer(fields, field, this.#session.model, this.#measurements);
    if (field !== this.#field || (field?.bytes ?? null) !== this.#bytes) void this.#open(field);
    this.#takeCells();
    this.#proof.follow(field);
    this.#scale.show(field, this.#fileScale, this.#redCells);
    this.#stage.setScale(field?.micrometresPerPixel ?? null, field?.isScaleEstimated ?? false);
    this.#stage.setOpacity(this.#controls.opacity);
    const styleOf = field && this.stylesOf(field);
    const found = field && this.#search?.field === field ? this.#search.found : null;
    this.#stage.setOutlines([
      ...(found?.nuclei ?? []).map(({ points }) => ({ contour: points, style: /** @type {const} */ ("unread") })),
      ...(styleOf ? this.#nuclei.map((cell) => ({ contour: cell.contour, style: styleOf(cell) })) : []),
      ...this.#leftOut.map((contour) => ({ contour, style: /** @type {const} */ ("left") })),
    ]);
    this.#mark();
  }

  /** The field to show: that of the selected cell; a cell image leaves the field as it is. @param {Source[]} fields */
  #fieldAmong(fields) {
    const candidates = [this.#session.selected?.source, this.#field, fields[0]];
    return candidates.find((one) => one && fields.includes(one)) ?? null;
  }

  /** @param {Source | null} field */
  async #open(field) {
    const bytes = field?.bytes ?? null;
    this.#field = field;
    this.#bytes = bytes;
    this.#hover(null);
    const isWanted = () => this.#field === field && this.#bytes === bytes;
    const picture = bytes && (await this.#pictures.of(bytes).catch(() => null));
    if (!isWanted()) return;
    this.#missing.hidden = !field || picture !== null;
    this.#missing.textContent = t(bytes ? "detail.unreadable" : "detail.no-picture");
    this.#fileScale = picture?.micrometresPerPixel ?? null;
    await this.#stage.show(picture && new ImageData(picture.pixels, picture.width, picture.height));
    this.#revealed = null;
    if (isWanted()) this.#show();
  }

  #takeCells() {
    const leftOut = this.#field?.leftOut ?? [];
    if (leftOut !== this.#leftOut) {
      this.#leftOut = leftOut;
      this.#leftOutIndex = new ContourIndex(leftOut.map((contour) => ({ item: contour, contour })));
      this.#redCells = this.#geometry.redCells(leftOut);
    }
    const nuclei = /** @type {Nucleus[]} */ (this.#session.cells.filter(({ source, contour }) => source === this.#field && contour));
    if (nuclei.length === this.#nuclei.length && nuclei.every((one, index) => one === this.#nuclei[index])) return;
    this.#nuclei = nuclei;
    this.#index = new ContourIndex(nuclei.map((item) => ({ item, contour: item.contour })));
  }

  /** Marks the selected cell and those that shall join it, and brings a newly selected one into view. */
  #mark() {
    const { selected } = this.#session;
    const here = selected?.source === this.#field ? selected : null;
    const marked = [...this.#editor.marked, ...(here ? [here] : [])].flatMap(({ contour }) => (contour ? [contour] : []));
    this.#stage.mark(marked, this.#hovered?.contour ?? null, this.#pointer);
    const { view } = this.#stage;
    if (!view || !here?.contour || here === this.#revealed) return;
    this.#revealed = here;
    view.reveal(boxOf(here.contour));
  }

  #onView() {
    this.#hover(null);
    this.#stage.draw();
  }

  /** @param {Point} place @param {boolean} isMore it joins the selected cell, rather than taking its place */
  #choose(place, isMore) {
    const cell = this.#at(place);
    const other = cell ? null : this.#leftOutAt(place);
    if (other) this.#editor.bringIn(other);
    if (!cell) return;
    if (isMore) this.#editor.mark(cell);
    else this.#session.select(cell);
    this.#mark();
  }

  /** Draws with the tool in use; if it lacks a nucleus, it takes the one that is pressed. @param {"press" | "move" | "release"} part @param {Point} place */
  #draw(part, place) {
    const { view } = this.#stage;
    if (!view) return;
    if (part === "press" && this.#editor.needsNucleus) this.#choose(place, false);
    this.#pointer = view.toField(place);
    this.#editor[part](this.#pointer);
    this.#mark();
  }

  /** @param {Point | null} place of the pointer in the window; null: it left */
  #hover(place) {
    const { view } = this.#stage;
    this.#pointer = place && view ? view.toField(place) : null;
    this.#hovered = place && !this.#editor.draws ? this.#at(place) : null;
    const isLeftOut = place !== null && !this.#hovered && !this.#editor.draws && this.#leftOutAt(place) !== null;
    if (this.#hovered && place) this.#tip.show(this.#describe(this.#hovered), place);
    else if (isLeftOut) this.#tip.show(t("field.bring-in"), place);
    else this.#tip.hide();
    this.#mark();
  }

  /** @param {Nucleus} cell */
  #describe(cell) {
    return inWords(cell, this.#session.numberOf(cell) ?? 0, this.#session.decisionOf(cell));
  }

  /** The object under a place that is no nucleus to be read. @param {Point} place of the window */
  #leftOutAt(place) {
    const { view } = this.#stage;
    return view && this.#leftOutIndex.at(view.toField(place));
  }

  /** @param {Point} place of the window */
  #at(place) {
    const { view } = this.#stage;
    return view && this.#index.at(view.toField(place));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#proof.takeKey(event) || this.#editor.takeKey(event)) {
      event.stopImmediatePropagation();
      this.#mark();
    } else if (event.altKey || event.ctrlKey || event.metaKey || !this.#takeLetter(event.key.toLowerCase())) return;
    event.preventDefault();
  }

  /** @param {string} letter @returns {boolean} whether it means something here */
  #takeLetter(letter) {
    if (letter === "n") this.#step(1);
    else if (letter === "p") this.#step(-1);
    else if (letter === "o") {
      this.#controls.toggleOutlines();
      this.#show();
    } else return false;
    return true;
  }

  /** To the next or the previous cell, which is named as one under the pointer is. @param {1 | -1} by */
  #step(by) {
    this.#onStep(by);
    this.#mark();
    const { view } = this.#stage;
    const cell = this.#nuclei.find((one) => one === this.#session.selected);
    if (!cell || !view) return;
    const { left, top, right, bottom } = boxOf(cell.contour);
    this.#tip.show(this.#describe(cell), view.toWindow([(left + right) / 2, (top + bottom) / 2]));
  }

  /** Brings a nucleus into the middle of the window, large enough to judge its outline. @param {Nucleus} nucleus */
  #enlarge({ contour }) {
    const { view } = this.#stage;
    if (!view) return;
    const { left, top, right, bottom } = boxOf(contour);
    const scale = (JUDGED * Math.min(view.window.width, view.window.height)) / Math.max(1, right - left, bottom - top);
    view.zoomTo(scale);
    view.centre([(left + right) / 2, (top + bottom) / 2]);
    this.#onView();
  }

  /** @param {number | null} factor null shows the whole field */
  #zoom(factor) {
    const { view } = this.#stage;
    if (factor === null) view?.fit();
    else view?.zoom(factor);
    this.#onView();
  }
}
