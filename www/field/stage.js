/**
 * The window on a field: its picture on one canvas, the outlines on another above it, an overview and
 * a scale bar. It draws a view; it knows no cells and no session.
 */

import { find } from "../elements/dom.js";
import { number } from "../language/language.js";
import { Outlines, drawMarked } from "./outlines.js";
import { Pyramid } from "./pyramid.js";
import { scaleBar } from "./scale-bar.js";
import { View } from "./view.js";

/** @import { Sketch } from "./edit/tools.js" */
/** @import { Contour } from "../session/cell.js" */
/** @import { Style } from "./colouring.js" */
/** @import { Point } from "./view.js" */

/** Half the side of a corner's mark, and of the keyboard's cursor, in CSS pixels. */
const CORNER = 4;
const CURSOR = 12;

/** The longer side of the overview in CSS pixels. */
const OVERVIEW = 120;
/** The overview is shown when the window shows less than this share of the field. */
const OVERVIEW_BELOW = 0.8;

export class Stage {
  /** The view in use; null while there is no picture. @type {View | null} */
  view = null;
  /** The tool's work, in pixels of the field; the radius in CSS pixels. @type {() => Sketch & {cursor?: Point | null, radius?: number | null}} */
  sketch = () => ({});

  #element;
  #picture;
  #lines;
  #overview;
  #scaleBar;
  #outlines = new Outlines();
  /** @type {Pyramid | null} */
  #pyramid = null;
  /** @type {Contour[]} */
  #selected = [];
  /** Where the pointer is, in pixels of the field. @type {Point | null} */
  #pointer = null;
  /** @type {Contour | null} */
  #hovered = null;
  #opacity = 1;
  #micrometres = /** @type {number | null} */ (null);
  #isAsked = false;

  /** @param {HTMLElement} element with the canvases of field.html */
  constructor(element) {
    this.#element = element;
    this.#picture = find(".field-picture", HTMLCanvasElement, element);
    this.#lines = find(".field-outlines", HTMLCanvasElement, element);
    this.#overview = find(".field-overview", HTMLCanvasElement, element);
    this.#scaleBar = find(".field-scale", HTMLElement, element);
    new ResizeObserver(() => this.draw()).observe(element);
    this.#overview.addEventListener("pointerdown", (event) => this.#onOverview(event));
    this.#overview.addEventListener("pointermove", (event) => event.buttons & 1 && this.#onOverview(event));
  }

  /**
   * Shows another picture, whole.
   *
   * @param {ImageBitmap | null} picture becomes this object's own; null takes the present one away
   */
  async show(picture) {
    this.#pyramid?.close();
    this.#pyramid = null;
    this.view = null;
    if (picture) {
      this.view = new View(picture);
      this.view.resize(this.#element.clientWidth, this.#element.clientHeight);
      this.#pyramid = await Pyramid.of(picture, () => this.draw());
    }
    this.draw();
  }

  /** @param {Iterable<{contour: Contour, style: Style}>} outlines */
  setOutlines(outlines) {
    this.#outlines.set(outlines);
    this.draw();
  }

  /**
   * @param {Contour[]} selected
   * @param {Contour | null} hovered
   * @param {Point | null} pointer in pixels of the field
   */
  mark(selected, hovered, pointer) {
    this.#selected = selected;
    this.#hovered = hovered;
    this.#pointer = pointer;
    this.draw();
  }

  /** @param {number | null} micrometres that one pixel of the field shows; null where nobody knows it */
  setScale(micrometres) {
    this.#micrometres = micrometres;
    this.draw();
  }

  /** @param {number} opacity of the outlines, 0 to 1 */
  setOpacity(opacity) {
    this.#opacity = opacity;
    this.draw();
  }

  /** Draws before the next paint. */
  draw() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { clientWidth, clientHeight } = this.#element;
    const picture = this.#cleared(this.#picture, clientWidth, clientHeight);
    const lines = this.#cleared(this.#lines, clientWidth, clientHeight);
    const { view } = this;
    this.#scaleBar.hidden = !view;
    this.#overview.hidden = true;
    if (!view || !this.#pyramid || !picture || !lines) return;
    if (view.window.width !== clientWidth || view.window.height !== clientHeight) view.resize(clientWidth, clientHeight);
    const density = devicePixelRatio;
    for (const context of [picture, lines]) {
      const [x, y] = view.toWindow([0, 0]);
      const scale = view.scale * density;
      context.setTransform(scale, 0, 0, scale, x * density, y * density);
    }
    this.#pyramid.draw(picture, view.shown, view.scale * density);
    lines.globalAlpha = this.#opacity;
    if (this.#opacity > 0) this.#outlines.draw(lines, view.scale);
    lines.globalAlpha = 1;
    if (this.#hovered) drawMarked(lines, this.#hovered, view.scale, false);
    for (const contour of this.#selected) drawMarked(lines, contour, view.scale, true);
    this.#drawSketch(lines, view.scale);
    this.#drawScaleBar(view);
    this.#drawOverview(view, this.#pyramid, density);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} scale */
  #drawSketch(context, scale) {
    const { line = [], isClosed = false, corners = [], cursor = null, radius = null } = this.sketch();
    const path = new Path2D();
    line.forEach(([x, y], index) => (index === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
    if (isClosed) path.closePath();
    const place = cursor ?? this.#pointer;
    if (radius !== null && place) {
      path.moveTo(place[0] + radius / scale, place[1]);
      path.arc(place[0], place[1], radius / scale, 0, 2 * Math.PI);
    }
    if (cursor) {
      const [x, y] = cursor;
      path.moveTo(x - CURSOR / scale, y);
      path.lineTo(x + CURSOR / scale, y);
      path.moveTo(x, y - CURSOR / scale);
      path.lineTo(x, y + CURSOR / scale);
    }
    for (const [x, y] of corners) path.rect(x - CORNER / scale, y - CORNER / scale, (2 * CORNER) / scale, (2 * CORNER) / scale);
    for (const [colour, width] of /** @type {const} */ ([["#000", 4], ["#ffe34d", 2]])) {
      context.strokeStyle = colour;
      context.lineWidth = width / scale;
      context.stroke(path);
    }
  }

  /** A canvas of the window's size, empty. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
  #cleared(canvas, width, height) {
    const [columns, rows] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== columns) canvas.width = columns;
    if (canvas.height !== rows) canvas.height = rows;
    const context = canvas.getContext("2d");
    context?.resetTransform();
    context?.clearRect(0, 0, columns, rows);
    return context;
  }

  /** @param {View} view */
  #drawScaleBar(view) {
    const { length, unit, width } = scaleBar(view.scale, this.#micrometres, view.window.width);
    const bar = find("span", HTMLElement, this.#scaleBar);
    bar.style.width = `${width}px`;
    const words = `${number(length)} ${unit}`;
    if (this.#scaleBar.dataset.words === words) return;
    this.#scaleBar.dataset.words = words;
    this.#scaleBar.replaceChildren(words, bar);
  }

  /** @param {View} view @param {Pyramid} pyramid @param {number} density */
  #drawOverview(view, pyramid, density) {
    const { left, top, right, bottom } = view.shown;
    const shown = ((right - left) * (bottom - top)) / (pyramid.width * pyramid.height);
    this.#overview.hidden = shown > OVERVIEW_BELOW;
    if (this.#overview.hidden) return;
    const scale = OVERVIEW / Math.max(pyramid.width, pyramid.height);
    const [width, height] = [pyramid.width * scale, pyramid.height * scale];
    const context = this.#cleared(this.#overview, width, height);
    this.#overview.style.width = `${width}px`;
    this.#overview.style.height = `${height}px`;
    if (!context) return;
    context.scale(density, density);
    context.imageSmoothingQuality = "medium";
    context.drawImage(pyramid.smallest, 0, 0, width, height);
    context.strokeStyle = "#fff";
    context.lineWidth = 3;
    context.strokeRect((left + 0.5) * scale, (top + 0.5) * scale, (right - left) * scale, (bottom - top) * scale);
    context.strokeStyle = "#000";
    context.lineWidth = 1;
    context.strokeRect((left + 0.5) * scale, (top + 0.5) * scale, (right - left) * scale, (bottom - top) * scale);
  }

  /** Goes where the overview is pressed. @param {PointerEvent} event */
  #onOverview(event) {
    event.stopPropagation();
    const { view } = this;
    if (!view || !this.#pyramid) return;
    const box = this.#overview.getBoundingClientRect();
    view.centre([
      ((event.clientX - box.left) / box.width) * this.#pyramid.width - 0.5,
      ((event.clientY - box.top) / box.height) * this.#pyramid.height - 0.5,
    ]);
    this.draw();
  }
}
