/**
 * Opened pictures and their nuclei. A picture stays with the page; a worker gets the piece of it that it
 * needs.
 */

/** @import { Outline, Picture } from "./index.js" */

/** Columns or rows, without the last. @typedef {{start: number, end: number}} Range */

/** All that a call can read. @typedef {Blob | ArrayBuffer | Uint8Array | Picture} Source */

/**
 * One nucleus on its way to a worker: the pixels about it, RGBA, their scale, and x and y of its contour's
 * points in them; no contour where the whole picture is the nucleus.
 *
 * @typedef {object} Piece
 * @property {Uint8Array<ArrayBuffer>} pixels
 * @property {number} width
 * @property {Float64Array<ArrayBuffer> | null} contour
 * @property {number | null} micrometresPerPixel
 * @property {string} name of the contour, for people
 */

/** Pixels about a contour that its cell image may show: its points are rounded, and a margin is left about them. */
const MARGIN = 2;

/** @param {Source} source @returns {source is Picture} */
export function isPicture(source) {
  return "pixels" in source;
}

/**
 * One cell as a worker is told of it, and the memory that moves there with it.
 *
 * @param {Source} source
 * @param {Outline} [contour] the cell's, in a field
 * @returns {{cell: Blob | ArrayBuffer | Uint8Array | Piece, transfer?: Transferable[]}}
 */
export function cellOf(source, contour) {
  if (!isPicture(source)) return { cell: source };
  const cell = contour ? cutOut(source, contour) : wholePicture(source);
  return { cell, transfer: buffersOf([cell]) };
}

/**
 * The nucleus within a contour. Whether the contour surrounds anything is for the program to say.
 *
 * @param {Picture} picture
 * @param {Outline} outline
 * @param {string} [name]
 * @returns {Piece}
 */
export function cutOut(picture, { points }, name = "the contour") {
  const [columns, rows] = [rangeOf(points, 0, picture.width), rangeOf(points, 1, picture.height)];
  const pixels = pixelsOf(picture, columns, rows);
  const contour = new Float64Array(2 * points.length);
  points.forEach(([x, y], index) => contour.set([x - columns.start, y - rows.start], 2 * index));
  return { pixels, width: columns.end - columns.start, contour, micrometresPerPixel: picture.micrometresPerPixel, name };
}

/** A copy of the pixels in some columns and rows. @param {Picture} picture @param {Range} columns @param {Range} rows */
export function pixelsOf(picture, columns, rows) {
  const width = columns.end - columns.start;
  const pixels = new Uint8Array(4 * width * (rows.end - rows.start));
  for (let row = rows.start; row < rows.end; row++) {
    const start = 4 * (row * picture.width + columns.start);
    pixels.set(picture.pixels.subarray(start, start + 4 * width), 4 * width * (row - rows.start));
  }
  return pixels;
}

/** The memory of pieces that can move to a worker. @param {Piece[]} pieces */
export function buffersOf(pieces) {
  return pieces.flatMap(({ pixels, contour }) => [pixels.buffer, ...(contour ? [contour.buffer] : [])]);
}

/**
 * The pixels about each contour of a field, one after another, as src/web/field/pieces.rs takes them.
 *
 * @param {Picture} picture
 * @param {readonly Outline[]} outlines
 */
export function piecesOf(picture, outlines) {
  const ranges = outlines.map(({ points }) => [rangeOf(points, 0, picture.width), rangeOf(points, 1, picture.height)]);
  const places = new Uint32Array(ranges.flatMap(([{ start: left, end: right }, { start: top, end: bottom }]) => [left, top, right - left, bottom - top]));
  const sizes = ranges.map(([columns, rows]) => 4 * (columns.end - columns.start) * (rows.end - rows.start));
  const pixels = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let end = 0;
  ranges.forEach(([columns, rows], index) => {
    pixels.set(pixelsOf(picture, columns, rows), end);
    end += sizes[index];
  });
  return { width: picture.width, height: picture.height, pixels, places };
}

/** @typedef {ReturnType<typeof piecesOf>} Pieces */

/** A copy of a whole picture. @param {Picture} picture @returns {Piece} */
function wholePicture({ pixels, width, micrometresPerPixel }) {
  return { pixels: new Uint8Array(pixels), width, contour: null, micrometresPerPixel, name: "the picture" };
}

/**
 * The columns or rows of a picture about a contour; empty where there are none.
 *
 * @param {Outline["points"]} points
 * @param {0 | 1} axis
 * @param {number} side of the picture
 * @returns {Range}
 */
function rangeOf(points, axis, side) {
  let [first, last] = [Infinity, -Infinity];
  for (const point of points) {
    first = Math.min(first, point[axis]);
    last = Math.max(last, point[axis]);
  }
  // An even number: the program rounds halves to even numbers, in the piece as in the picture.
  const start = 2 * Math.floor(Math.max(0, Math.floor(first) - MARGIN) / 2);
  const end = Math.min(side, Math.ceil(last) + MARGIN + 1);
  // Not the other way around: a number that is not one compares as false.
  return start < end ? { start, end } : { start: 0, end: 0 };
}
