/** The frame about a part of a slide: whole pixels of the slide, within it, and no more than can be read at once. */

/** @import { Part } from "../pkg/index.js" */

/** @typedef {{width: number, height: number}} Size */

/** The most pixels of a part, and of a side; src/image/decode has the same limits. */
const MOST_PIXELS = 50_000_000;
const MOST_SIDE = 16_384;
/** The shortest side of a part. */
const LEAST_SIDE = 64;
/** The part that is offered first: a screen of nuclei at the usual magnification. */
const FIRST = { width: 2048, height: 1536 };

/** The part in the middle of a slide. @param {Size} slide */
export function firstFrame(slide) {
  const { width, height } = FIRST;
  return within(slide, { left: (slide.width - width) / 2, top: (slide.height - height) / 2, width, height });
}

/** The nearest part that can be read. @param {Size} slide @param {Part} part @returns {Part} */
export function within(slide, part) {
  const side = (/** @type {number} */ length, /** @type {number} */ all) => Math.min(Math.max(Math.round(length), LEAST_SIDE), MOST_SIDE, all);
  const width = side(part.width, slide.width);
  const height = Math.min(side(part.height, slide.height), Math.floor(MOST_PIXELS / width));
  const first = (/** @type {number} */ at, /** @type {number} */ length, /** @type {number} */ all) => Math.min(Math.max(Math.round(at), 0), all - length);
  return { left: first(part.left, width, slide.width), top: first(part.top, height, slide.height), width, height };
}

/** A part of the same size about a place. @param {Size} slide @param {Part} part @param {number} x @param {number} y */
export function about(slide, part, x, y) {
  return within(slide, { ...part, left: x - part.width / 2, top: y - part.height / 2 });
}

/** A part larger or smaller about its middle. @param {Size} slide @param {Part} part @param {number} factor */
export function resized(slide, { left, top, width, height }, factor) {
  const size = { width: width * factor, height: height * factor };
  return within(slide, { ...size, left: left - (size.width - width) / 2, top: top - (size.height - height) / 2 });
}

/** The part's name: that of the slide with the place in it, as QuPath names the parts that it exports. @param {string} slide @param {Part} part */
export function nameOf(slide, { left, top, width, height }) {
  return `${slide} [x=${left},y=${top},w=${width},h=${height}].png`;
}
