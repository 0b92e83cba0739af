/**
 * The picture of a cell, large, and over it which of its pixels spoke for a feature and which
 * against. Both are drawn from the square that the network sees.
 */

import { find } from "../elements/dom.js";

/** @import { HeatMap } from "../pkg/index.js" */

/** Side in pixels of the canvas that every cell image is put on. */
export const CELL_SIDE = 224;
/** From this value on a pixel counts as the white around a cell. */
const WHITE_FROM = 232;
/** Orange spoke for, blue against: apart for every kind of colour vision. */
const FOR = [230, 97, 1];
const AGAINST = [40, 90, 190];

const portrait = find("#portrait", HTMLCanvasElement);
const overlay = find("#heat", HTMLCanvasElement);

/** Side in pixels of what the portrait shows of the canvas. */
let shown = CELL_SIDE;

/**
 * Shows a cell image's middle: what the network sees of it, and all of the cell.
 *
 * @param {ImageBitmap} image the cell on its canvas, or the picture as it came
 * @param {number} crop side in pixels of what the network sees of a cell that fits
 */
export function showPortrait(image, crop) {
  const onCanvas = image.width === CELL_SIDE && image.height === CELL_SIDE;
  shown = onCanvas ? Math.max(crop, reachOf(image)) : Math.max(image.width, image.height);
  const context = contextOf(portrait);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, portrait.width, portrait.height);
  context.imageSmoothingQuality = "high";
  const scale = portrait.width / shown;
  const [width, height] = [image.width * scale, image.height * scale];
  context.drawImage(image, (portrait.width - width) / 2, (portrait.height - height) / 2, width, height);
}

export function clearPortrait() {
  contextOf(portrait).clearRect(0, 0, portrait.width, portrait.height);
}

/** Lays a map over the portrait, which must be of the cell on its canvas. @param {HeatMap} map */
export function showHeat({ width, height, values, region }) {
  const strongest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  const pixels = new ImageData(width, height);
  values.forEach((value, index) => {
    const strength = Math.abs(value) / strongest;
    pixels.data.set([...(value > 0 ? FOR : AGAINST), 255 * strength], 4 * index);
  });
  const small = new OffscreenCanvas(width, height);
  const drawing = small.getContext("2d");
  if (!drawing) return;
  drawing.putImageData(pixels, 0, 0);
  const context = contextOf(overlay);
  context.clearRect(0, 0, overlay.width, overlay.height);
  context.imageSmoothingQuality = "high";
  const scale = overlay.width / shown;
  const corner = (CELL_SIDE - shown) / 2;
  context.drawImage(small, (region.left - corner) * scale, (region.top - corner) * scale, region.side * scale, region.side * scale);
}

export function clearHeat() {
  contextOf(overlay).clearRect(0, 0, overlay.width, overlay.height);
}

/** Side of the smallest square about the middle that holds all that is not white. @param {ImageBitmap} image */
function reachOf(image) {
  const context = new OffscreenCanvas(CELL_SIDE, CELL_SIDE).getContext("2d", { willReadFrequently: true });
  if (!context) return CELL_SIDE;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, CELL_SIDE, CELL_SIDE);
  let reach = 0;
  for (let pixel = 0; pixel < CELL_SIDE ** 2; pixel++) {
    if (Math.min(data[4 * pixel], data[4 * pixel + 1], data[4 * pixel + 2]) >= WHITE_FROM) continue;
    const distance = (/** @type {number} */ position) => Math.abs(2 * position - CELL_SIDE + 1) + 1;
    reach = Math.max(reach, distance(pixel % CELL_SIDE), distance(Math.floor(pixel / CELL_SIDE)));
  }
  return reach;
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  return context;
}
