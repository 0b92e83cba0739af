/** The small picture of a nucleus in its field: a square about it, with some of its surroundings. */

import { boxOf } from "./contour-index.js";

/** @import { Picture } from "../pkg/index.js" */
/** @import { Contour } from "../session/cell.js" */

/** The square's side is the longer side of the nucleus so many times. */
const SURROUNDINGS = 1.4;

/** @param {Picture} field @param {Contour} contour @returns {HTMLCanvasElement} of as many pixels as the square has */
export function nucleusPicture(field, contour) {
  const { left, top, right, bottom } = boxOf(contour);
  const side = Math.max(8, Math.ceil(SURROUNDINGS * Math.max(right - left, bottom - top)));
  const column = Math.round((left + right - side + 1) / 2);
  const row = Math.round((top + bottom - side + 1) / 2);
  const square = new ImageData(side, side);
  // White where the square reaches out of the field, as about a cell image.
  square.data.fill(255);
  const [first, end] = [Math.max(0, column), Math.min(field.width, column + side)];
  for (let y = Math.max(0, row); y < Math.min(field.height, row + side); y++) {
    const from = 4 * (y * field.width + first);
    const to = 4 * ((y - row) * side + first - column);
    square.data.set(field.pixels.subarray(from, from + 4 * Math.max(0, end - first)), to);
  }
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  canvas.getContext("2d")?.putImageData(square, 0, 0);
  return canvas;
}
