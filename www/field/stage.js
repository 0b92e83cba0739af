/**
 * The window on a field: its picture on one canvas, the outlines on another above it, an overview and
 * a scale bar. It draws a view; it knows no cells and no session.
 */

import { find, oncePerFrame } from "../elements/dom.js";
import { number } from "../language/language.js";
import { boxOf } from "./contour-index.js";
import { drawSketch } from "./edit/sketch.js";
import { Layer } from "./layer.js";
import { Outlines, REACH, drawMarked } from "./outlines.js";
import { Overview } from "./overview.js";
import { Pyramid } from "./pyramid.js";
import { scaleBar } from "./scale-bar.js";
import { View } from "./view.js";

/** @import { Sketch } from "./edit/tools.js" */
/** @import { Contour } from "../session/cell.js" */
/** @import { Outline } from "./outlines.js" */
/** @import { Box, Point } from "./view.js" */

/** Scales that follow each other within so many milliseconds belong to one movement. */
const REST = 120;

export class Stage {
  /** The view in use; null while there is no picture. @type {View | null} */
  view = null;
  /** The tool's work, in pixels of the field; the radius in CSS pixels. @type {() => Sketch & {cursor?: Point | null, radius?: number | null}} */
  sketch = () => ({});
  /** Draws the field before the next paint. */
  draw = oncePerFrame(() => this.#drawNow());

  #element;
  #picture;
  #lines;
  #overview;
  #scaleBar;
  #outlines = new Outlines();
  #pictureLayer = new Layer((context, box, scale) => this.#pyramid?.draw(context, box, scale));
  #outlineLayer = new Layer((context, box, scale) => this.#outlines.draw(context, scale / devicePixelRatio, box));
  /** The picture's canvas as it was drawn last: its size, and the picture's place and scale. */
  #shownPicture = "";
  /** Pixels of the canvas for a CSS pixel, as the outlines were drawn. */
  #density = 1;
  /** The scale of the last drawing, and the moment at which it became another. */
  #scale = { value: 0, since: 0 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
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
  #isScaleEstimated = false;

  /** @param {HTMLElement} element with the canvases of field.html */
  constructor(element) {
    this.#element = element;
    this.#picture = find(".field-picture", HTMLCanvasElement, element);
    this.#lines = find(".field-outlines", HTMLCanvasElement, element);
    this.#scaleBar = find(".field-scale", HTMLElement, element);
    this.#overview = new Overview(find(".field-overview", HTMLElement, element), ([across, down]) => {
      const { view } = this;
      if (!view || !this.#pyramid) return;
      view.centre([across * this.#pyramid.width - 0.5, down * this.#pyramid.height - 0.5]);
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(element);
  }

  /**
   * Shows another picture, whole.
   *
   * @param {ImageData | null} picture null takes the present one away
   */
  async show(picture) {
    this.#pyramid?.close();
    this.#pyramid = null;
    this.view = null;
    this.#forgetPicture();
    this.draw();
    if (!picture) return;
    const view = new View(picture);
    view.resize(this.#element.clientWidth, this.#element.clientHeight);
    this.view = view;
    const pyramid = await Pyramid.of(picture, (box) => this.#forgetPicture(box));
    // Another one may have come meanwhile.
    if (this.view !== view) return pyramid.close();
    this.#pyramid = pyramid;
    this.draw();
  }

  /** @param {Outline[]} outlines */
  setOutlines(outlines) {
    for (const contour of this.#outlines.set(outlines)) this.#outlineLayer.forget(boxOf(contour), REACH * devicePixelRatio);
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

  /** @param {number | null} micrometres that one pixel of the field shows; null where nobody knows it @param {boolean} isEstimated */
  setScale(micrometres, isEstimated) {
    this.#micrometres = micrometres;
    this.#isScaleEstimated = isEstimated;
    this.draw();
  }

  /** @param {number} opacity of the outlines, 0 to 1 */
  setOpacity(opacity) {
    this.#opacity = opacity;
    this.draw();
  }

  /** @param {Box} [box] the part of the field that looks different; by default all */
  #forgetPicture(box) {
    this.#pictureLayer.forget(box);
    this.#shownPicture = "";
    this.draw();
  }

  #drawNow() {
    const { view } = this;
    const pyramid = this.#pyramid;
    const { clientWidth, clientHeight } = this.#element;
    const density = devicePixelRatio;
    const size = /** @type {Point} */ ([Math.round(clientWidth * density), Math.round(clientHeight * density)]);
    this.#scaleBar.hidden = !view || !pyramid;
    if (!view || !pyramid) {
      this.#overview.hide();
      for (const canvas of [this.#picture, this.#lines]) cleared(canvas, size);
      return;
    }
    if (view.window.width !== clientWidth || view.window.height !== clientHeight) view.resize(clientWidth, clientHeight);
    // Their lines have other widths.
    if (density !== this.#density) this.#outlineLayer.forget();
    this.#density = density;
    const scale = view.scale * density;
    const isPassing = this.#isPassing(scale);
    // Whole pixels of the canvas: the squares of a layer stay sharp, and meet without a seam.
    const [x, y] = view.toWindow([0, 0]);
    const origin = /** @type {Point} */ ([Math.round(x * density), Math.round(y * density)]);
    this.#drawPicture(size, origin, scale, isPassing);
    this.#drawLines(size, origin, scale, isPassing, view);
    this.#drawScaleBar(view);
    this.#overview.show(view, pyramid);
  }

  /** Whether the field is being enlarged or made smaller, step by step; at its rest it is drawn once more. @param {number} scale */
  #isPassing(scale) {
    const { value, since } = this.#scale;
    const now = performance.now();
    if (scale !== value) this.#scale = { value: scale, since: now };
    clearTimeout(this.#rest);
    if (now - since >= REST) return false;
    this.#rest = setTimeout(() => this.draw(), REST);
    return true;
  }

  /** @param {Point} size of the canvas @param {Point} origin @param {number} scale @param {boolean} isPassing as a layer takes them */
  #drawPicture(size, origin, scale, isPassing) {
    // The pointer and the tools change only the lines.
    const shown = [...size, ...origin, scale, isPassing].join();
    if (shown === this.#shownPicture) return;
    this.#shownPicture = shown;
    const context = cleared(this.#picture, size);
    if (context) this.#pictureLayer.draw(context, origin, scale, isPassing);
  }

  /** @param {Point} size of the canvas @param {Point} origin @param {number} scale @param {boolean} isPassing as a layer takes them @param {View} view */
  #drawLines(size, origin, scale, isPassing, view) {
    const context = cleared(this.#lines, size);
    if (!context) return;
    context.globalAlpha = this.#opacity;
    if (this.#opacity > 0) this.#outlineLayer.draw(context, origin, scale, isPassing);
    context.globalAlpha = 1;
    context.setTransform(scale, 0, 0, scale, ...origin);
    if (this.#hovered) drawMarked(context, this.#hovered, view.scale, false);
    for (const contour of this.#selected) drawMarked(context, contour, view.scale, true);
    drawSketch(context, this.sketch(), this.#pointer, view.scale);
  }

  /** @param {View} view */
  #drawScaleBar(view) {
    const { length, unit, width } = scaleBar(view.scale, this.#micrometres, view.window.width);
    const bar = find("span", HTMLElement, this.#scaleBar);
    bar.style.width = `${width}px`;
    const words = `${this.#isScaleEstimated ? "≈ " : ""}${number(length)} ${unit}`;
    if (this.#scaleBar.dataset.words === words) return;
    this.#scaleBar.dataset.words = words;
    this.#scaleBar.replaceChildren(words, bar);
  }
}

/** A canvas of this size in pixels, empty. @param {HTMLCanvasElement} canvas @param {Point} size */
function cleared(canvas, [width, height]) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context?.resetTransform();
  context?.clearRect(0, 0, width, height);
  return context;
}
