/** The whole field, small, in a corner of its window: a frame shows where the window is, and a press goes there. */

import { find } from "../elements/dom.js";

/** @import { Pyramid } from "./pyramid.js" */
/** @import { Point, View } from "./view.js" */

/** The longer side in CSS pixels. */
const SIDE = 120;
/** It is shown when the window shows less than this share of the field. */
const SHOWN_BELOW = 0.8;

export class Overview {
  #element;
  #canvas;
  #frame;
  /** The field on the canvas. @type {Pyramid | null} */
  #drawn = null;

  /**
   * @param {HTMLElement} element the part of field.html
   * @param {(place: Point) => void} onGo a place was pressed, in shares of the field's width and height
   */
  constructor(element, onGo) {
    this.#element = element;
    this.#canvas = find("canvas", HTMLCanvasElement, element);
    this.#frame = find("span", HTMLElement, element);
    const go = (/** @type {PointerEvent} */ event) => {
      event.stopPropagation();
      const { left, top, width, height } = this.#canvas.getBoundingClientRect();
      onGo([(event.clientX - left) / width, (event.clientY - top) / height]);
    };
    element.addEventListener("pointerdown", go);
    element.addEventListener("pointermove", (event) => event.buttons & 1 && go(event));
  }

  /** @param {View} view @param {Pyramid} field */
  show(view, field) {
    const { left, top, right, bottom } = view.shown;
    this.#element.hidden = (right - left) * (bottom - top) > SHOWN_BELOW * field.width * field.height;
    if (this.#element.hidden) return;
    if (this.#drawn !== field) this.#draw(field);
    const scale = SIDE / Math.max(field.width, field.height);
    // Whole numbers are the centres of pixels.
    this.#frame.style.transform = `translate(${(left + 0.5) * scale}px, ${(top + 0.5) * scale}px)`;
    this.#frame.style.width = `${(right - left) * scale}px`;
    this.#frame.style.height = `${(bottom - top) * scale}px`;
  }

  hide() {
    this.#element.hidden = true;
    this.#drawn = null;
  }

  /** Once a field: to shrink it takes longer than a frame has. @param {Pyramid} field */
  #draw(field) {
    this.#drawn = field;
    const scale = SIDE / Math.max(field.width, field.height);
    const [width, height] = [field.width * scale, field.height * scale];
    this.#element.style.width = `${width}px`;
    this.#element.style.height = `${height}px`;
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    context.imageSmoothingQuality = "medium";
    context.drawImage(field.smallest, 0, 0, this.#canvas.width, this.#canvas.height);
  }
}
