/** The contours of a field, to be found by place: which nucleus lies under the pointer, which are in view. */

/** @import { Contour } from "../session/cell.js" */
/** @import { Box, Point } from "./view.js" */

/** Side of a square of the index in pixels of the field: about two nuclei. */
const SQUARE = 64;

/** @template Item */
export class ContourIndex {
  /** @type {{item: Item, contour: Contour, box: Box}[]} */
  #entries;
  /** The entries whose box touches a square, by the square's column and row. @type {Map<string, number[]>} */
  #squares = new Map();

  /** @param {{item: Item, contour: Contour}[]} entries */
  constructor(entries) {
    this.#entries = entries.map((entry) => ({ ...entry, box: boxOf(entry.contour) }));
    this.#entries.forEach(({ box }, index) => {
      for (const key of squaresOf(box)) {
        const square = this.#squares.get(key);
        if (square) square.push(index);
        else this.#squares.set(key, [index]);
      }
    });
  }

  /** The item whose contour holds the place; of several the one with the smallest box. @param {Point} place @returns {Item | null} */
  at([x, y]) {
    let smallest = Infinity;
    let found = null;
    for (const index of this.#squares.get(squareOf(x, y)) ?? []) {
      const { item, contour, box } = this.#entries[index];
      const size = (box.right - box.left) * (box.bottom - box.top);
      if (size >= smallest || !holds(contour, x, y)) continue;
      smallest = size;
      found = item;
    }
    return found;
  }

  /** The items whose box touches `shown`. @param {Box} shown */
  within(shown) {
    return this.#entries.filter(({ box }) => touch(box, shown)).map(({ item }) => item);
  }
}

/** The smallest box about a contour. @param {Contour} contour @returns {Box} */
export function boxOf(contour) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of contour) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

/** Whether a place lies inside a contour, by the even-odd rule. @param {Contour} contour @param {number} x @param {number} y */
export function holds(contour, x, y) {
  let isInside = false;
  for (let index = 0, before = contour.length - 1; index < contour.length; before = index++) {
    const [x0, y0] = contour[before];
    const [x1, y1] = contour[index];
    if ((y0 > y) !== (y1 > y) && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) isInside = !isInside;
  }
  return isInside;
}

/** @param {Box} one @param {Box} other */
function touch(one, other) {
  return one.left <= other.right && other.left <= one.right && one.top <= other.bottom && other.top <= one.bottom;
}

/** @param {number} x @param {number} y */
function squareOf(x, y) {
  return `${Math.floor(x / SQUARE)} ${Math.floor(y / SQUARE)}`;
}

/** @param {Box} box */
function* squaresOf({ left, top, right, bottom }) {
  for (let row = Math.floor(top / SQUARE); row <= Math.floor(bottom / SQUARE); row++) {
    for (let column = Math.floor(left / SQUARE); column <= Math.floor(right / SQUARE); column++) yield `${column} ${row}`;
  }
}
