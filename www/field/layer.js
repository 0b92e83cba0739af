/**
 * A layer of the window on a field, kept in squares at the size at which it is shown. While the field is
 * moved, a square that was drawn before is only copied.
 */

/** @import { Box, Point } from "./view.js" */

/** Draws the part of a layer within a box; the context's unit is the field's pixel, `scale` its size in pixels of the canvas. @typedef {(context: CanvasRenderingContext2D, box: Box, scale: number) => void} Paint */

/** Side of a square in pixels of the canvas: few squares for a window, and one is drawn within a frame. */
const SIDE = 256;
/** Squares that may be kept for each one in view. */
const KEPT = 3;
/** Squares are stretched by at most this factor. */
const MOST_STRETCH = 2;

export class Layer {
  #paint;
  /** By column and row, the one that was in view longest ago first. @type {Map<string, HTMLCanvasElement>} */
  #squares = new Map();
  #scale = 0;

  /** @param {Paint} paint */
  constructor(paint) {
    this.#paint = paint;
  }

  /**
   * The layer looks different from now on.
   *
   * @param {Box} [box] the part of the field that does; by default all
   * @param {number} [reach] lines about the box are so wide, in pixels of the canvas
   */
  forget(box, reach = 1) {
    if (!box) return this.#squares.clear();
    const along = (/** @type {number} */ place, /** @type {number} */ apart) => Math.floor((place * this.#scale + apart) / SIDE);
    for (let row = along(box.top, -reach); row <= along(box.bottom, reach); row++) {
      for (let column = along(box.left, -reach); column <= along(box.right, reach); column++) this.#squares.delete(`${column} ${row}`);
    }
  }

  /**
   * Draws the part that the canvas shows.
   *
   * @param {CanvasRenderingContext2D} context without a transformation
   * @param {Point} origin the place on the canvas, in whole pixels, of the field's place [0, 0]
   * @param {number} scale pixels of the canvas for one pixel of the field
   * @param {boolean} isPassing whether another scale follows at once: then squares of a scale before are stretched
   */
  draw(context, [left, top], scale, isPassing) {
    const stretch = scale / this.#scale;
    if (stretch !== 1 && !(isPassing && stretch < MOST_STRETCH && stretch > 1 / MOST_STRETCH)) {
      this.forget();
      this.#scale = scale;
    }
    const { width, height } = context.canvas;
    const side = (SIDE * scale) / this.#scale;
    let inView = 0;
    for (let row = Math.floor(-top / side); row * side + top < height; row++) {
      for (let column = Math.floor(-left / side); column * side + left < width; column++) {
        // Whole pixels, so that stretched squares meet without a seam.
        const [x, y] = [Math.round(left + column * side), Math.round(top + row * side)];
        const [right, bottom] = [Math.round(left + (column + 1) * side), Math.round(top + (row + 1) * side)];
        context.drawImage(this.#square(column, row), x, y, right - x, bottom - y);
        inView++;
      }
    }
    for (const key of this.#squares.keys()) {
      if (this.#squares.size <= KEPT * inView) return;
      this.#squares.delete(key);
    }
  }

  /** @param {number} column @param {number} row */
  #square(column, row) {
    const key = `${column} ${row}`;
    const square = this.#squares.get(key) ?? this.#painted(column, row);
    // The most recent one last.
    this.#squares.delete(key);
    this.#squares.set(key, square);
    return square;
  }

  /** @param {number} column @param {number} row */
  #painted(column, row) {
    const canvas = document.createElement("canvas");
    canvas.width = SIDE;
    canvas.height = SIDE;
    const context = canvas.getContext("2d");
    if (!context) return canvas;
    const scale = this.#scale;
    const [x, y] = [column * SIDE, row * SIDE];
    context.setTransform(scale, 0, 0, scale, -x, -y);
    this.#paint(context, { left: x / scale, top: y / scale, right: (x + SIDE) / scale, bottom: (y + SIDE) / scale }, scale);
    return canvas;
  }
}
