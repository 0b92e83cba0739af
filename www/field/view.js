/**
 * The part of a field that a window shows, and how large. The window is measured in CSS pixels from
 * its corner; the field in its own pixels, whole numbers being pixel centres, so that a field of
 * width W reaches from −½ to W − ½.
 */

/** A place, `[x, y]`. @typedef {[number, number]} Point */

/** A rectangle with its sides along the axes. @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** From here on single pixels of the field are large squares, and more says nothing. */
const LARGEST_SCALE = 32;
/** A whole field may be shown this much smaller than the window that it would fill. */
const SMALLEST_OF_FIT = 0.5;

export class View {
  /** CSS pixels for one pixel of the field. */
  scale = 1;

  #field;
  #window = { width: 1, height: 1 };
  /** The point of the field in the middle of the window. @type {Point} */
  #middle;
  /** Whether the whole field is shown: then it stays so when the window changes. */
  #isFitted = true;

  /** @param {{width: number, height: number}} field in pixels */
  constructor(field) {
    this.#field = field;
    this.#middle = middleOf(field);
  }

  /** The size of the window. */
  get window() {
    return this.#window;
  }

  /** The window's size has changed; its middle goes on showing the same place. @param {number} width @param {number} height */
  resize(width, height) {
    this.#window = { width: Math.max(1, width), height: Math.max(1, height) };
    if (this.#isFitted) this.fit();
    else this.#settle();
  }

  /** Shows the whole field, as large as it can be. */
  fit() {
    this.#isFitted = true;
    this.scale = Math.min(LARGEST_SCALE, this.#fittingScale());
    this.#middle = middleOf(this.#field);
  }

  /** Enlarges by a factor about a place of the window, by default its middle. @param {number} factor @param {Point} [about] */
  zoom(factor, about = [this.#window.width / 2, this.#window.height / 2]) {
    this.zoomTo(this.scale * factor, about);
  }

  /** Shows the field at this scale; the place under `about` stays there. @param {number} scale @param {Point} [about] */
  zoomTo(scale, about = [this.#window.width / 2, this.#window.height / 2]) {
    const held = this.toField(about);
    this.#isFitted = false;
    this.scale = Math.min(LARGEST_SCALE, Math.max(scale, SMALLEST_OF_FIT * this.#fittingScale()));
    const now = this.toField(about);
    this.#middle = [this.#middle[0] + held[0] - now[0], this.#middle[1] + held[1] - now[1]];
    this.#settle();
  }

  /** Moves the field's picture by CSS pixels. @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.#isFitted = false;
    this.#middle = [this.#middle[0] - dx / this.scale, this.#middle[1] - dy / this.scale];
    this.#settle();
  }

  /** Puts a point of the field into the middle of the window. @param {Point} point */
  centre(point) {
    this.#isFitted = false;
    this.#middle = [...point];
    this.#settle();
  }

  /**
   * Moves the field as little as brings `box` into the window, with some room about it; a box that
   * is larger than the window is centred. Nothing moves for a box whose part in the field is in view.
   *
   * @param {Box} box in pixels of the field
   */
  reveal(box) {
    const left = Math.max(box.left, -0.5);
    const top = Math.max(box.top, -0.5);
    const right = Math.min(box.right, this.#field.width - 0.5);
    const bottom = Math.min(box.bottom, this.#field.height - 0.5);
    const { shown } = this;
    // A whole field fills its window to the last bit.
    const bit = 1e-6;
    if (left >= shown.left - bit && right <= shown.right + bit && top >= shown.top - bit && bottom <= shown.bottom + bit) return;
    const room = 24 / this.scale;
    const { width, height } = this.#window;
    const along = (/** @type {number} */ middle, /** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ length) => {
      const half = length / this.scale / 2 - room;
      if (to - from > 2 * half) return (from + to) / 2;
      return Math.min(Math.max(middle, to - half), from + half);
    };
    this.centre([along(this.#middle[0], left, right, width), along(this.#middle[1], top, bottom, height)]);
  }

  /** A place of the window as a place of the field. @param {Point} place @returns {Point} */
  toField([x, y]) {
    const { width, height } = this.#window;
    return [this.#middle[0] + (x - width / 2) / this.scale, this.#middle[1] + (y - height / 2) / this.scale];
  }

  /** A place of the field as a place of the window. @param {Point} place @returns {Point} */
  toWindow([x, y]) {
    const { width, height } = this.#window;
    return [width / 2 + (x - this.#middle[0]) * this.scale, height / 2 + (y - this.#middle[1]) * this.scale];
  }

  /** The part of the field's plane that the window shows. @returns {Box} */
  get shown() {
    const [left, top] = this.toField([0, 0]);
    const [right, bottom] = this.toField([this.#window.width, this.#window.height]);
    return { left, top, right, bottom };
  }

  #fittingScale() {
    return Math.min(this.#window.width / this.#field.width, this.#window.height / this.#field.height);
  }

  /** The middle of the window shows a part of the field, so that nobody loses it. */
  #settle() {
    const { width, height } = this.#field;
    const within = (/** @type {number} */ value, /** @type {number} */ length) => Math.min(Math.max(value, -0.5), length - 0.5);
    this.#middle = [within(this.#middle[0], width), within(this.#middle[1], height)];
  }
}

/** @param {{width: number, height: number}} field @returns {Point} */
function middleOf({ width, height }) {
  return [(width - 1) / 2, (height - 1) / 2];
}
