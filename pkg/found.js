/** Finds the nuclei of a field, a tile at a time, with all workers. */

import { pixelsOf } from "./picture.js";
import { shareOut } from "./share.js";

/** @import { FoundNuclei, FoundOutline, Picture, SegmentOptions } from "./index.js" */
/** @import { Pool } from "./pool.js" */

/**
 * How a field is read: its tiles, eight numbers each, and how many of its pixels stand for one of the
 * fields that the network was trained on. `rays` is the number of points of an outline.
 *
 * @typedef {{tiles: Uint32Array, enlarged: number, rays: number}} Plan
 */

/** Numbers of a tile: the columns and rows that it sees, and those of its own part. */
const NUMBERS_OF_A_TILE = 8;
/** Numbers of an object before its points, see src/web/finder.rs. */
const BEFORE_POINTS = 4;

/**
 * @param {Pool} pool
 * @param {Picture} picture
 * @param {SegmentOptions} options
 * @returns {Promise<FoundNuclei>}
 */
export async function findNuclei(pool, picture, { model, signal, onContours = () => {} }) {
  const { width, height, micrometresPerPixel } = picture;
  signal?.throwIfAborted();
  /** @param {number | null} enlarged @returns {Promise<Plan>} */
  const plan = (enlarged) =>
    pool.call({ method: "plan", model, args: [width, height, micrometresPerPixel, enlarged] }, { urgent: true });
  const isKnown = micrometresPerPixel !== null;

  const first = await plan(null);
  const found = await findObjects(first);
  // The nuclei themselves tell the scale where nothing else does.
  const enlarged = isKnown ? null : await pool.call({ method: "enlargement", model, args: [found] }, { urgent: true });
  return objectsOf(enlarged ? await findObjects(await plan(enlarged)) : found, first.rays);

  /** @param {Plan} plan @returns {Promise<Float32Array>} */
  async function findObjects({ tiles, enlarged, rays }) {
    /** @type {Float32Array[]} */
    const parts = [];
    const total = tiles.length / NUMBERS_OF_A_TILE;
    /** @type {FoundNuclei} */
    const soFar = { nuclei: [], leftOut: [] };
    const begin = (/** @type {number} */ job) => {
      const tile = tiles.slice(job * NUMBERS_OF_A_TILE, (job + 1) * NUMBERS_OF_A_TILE);
      const [left, top, right, bottom] = tile;
      const pixels = pixelsOf(picture, { start: left, end: right }, { start: top, end: bottom });
      return pool.call({ method: "find", model, args: [pixels, tile, enlarged], transfer: [pixels.buffer] });
    };
    await shareOut(pool, total, begin, (/** @type {Float32Array} */ part) => {
      parts.push(part);
      const { nuclei, leftOut } = objectsOf(part, rays);
      soFar.nuclei.push(...nuclei);
      soFar.leftOut.push(...leftOut);
      onContours(soFar, { done: parts.length, total });
    }, signal);
    const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return pool.call({ method: "join", model, args: [all, width, height], transfer: [all.buffer] }, { urgent: true });
  }
}

/** @param {Float32Array} numbers @param {number} rays @returns {FoundNuclei} */
function objectsOf(numbers, rays) {
  /** @type {FoundNuclei} */
  const found = { nuclei: [], leftOut: [] };
  const width = BEFORE_POINTS + 2 * rays;
  for (let at = 0; at < numbers.length; at += width) {
    const [probability, isRead] = numbers.subarray(at, at + BEFORE_POINTS);
    const points = numbers.subarray(at + BEFORE_POINTS, at + width);
    /** @type {FoundOutline} */
    const outline = { probability, points: Array.from({ length: rays }, (_, i) => [points[2 * i], points[2 * i + 1]]) };
    (isRead ? found.nuclei : found.leftOut).push(outline);
  }
  return found;
}
