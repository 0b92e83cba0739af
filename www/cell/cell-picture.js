/**
 * The picture of a cell, large, and over it a heat map: which pixels spoke for a feature and which
 * against it. Both are drawn from the square that the network sees.
 */

/** @import { HeatMap } from "../pkg/index.js" */

/** Side in pixels of the canvas that every cell image is put on. */
export const CELL_SIDE = 224;
/** From this value on a pixel counts as the white around a cell. */
const WHITE_FROM = 232;
/** Orange spoke for, blue against: people with any kind of colour vision tell them apart. */
const FOR = [230, 97, 1];
const AGAINST = [40, 90, 190];

export class CellPicture {
  #portrait;
  #heat;
  /** Side in pixels of the part of the canvas that the portrait shows. */
  #shown = CELL_SIDE;

  /** @param {{portrait: HTMLCanvasElement, heat: HTMLCanvasElement}} elements the second lies over the first */
  constructor({ portrait, heat }) {
    this.#portrait = portrait;
    this.#heat = heat;
  }

  /**
   * Shows the middle of a cell image: the part that the network sees, and all of the cell.
   *
   * @param {ImageBitmap} image the cell on its canvas, or the picture as it came
   * @param {number} crop side in pixels of the part that the network sees of a cell that fits
   */
  showPortrait(image, crop) {
    const canvas = this.#portrait;
    const onCanvas = image.width === CELL_SIDE && image.height === CELL_SIDE;
    this.#shown = onCanvas ? Math.max(crop, reachOf(image)) : Math.max(image.width, image.height);
    const context = contextOf(canvas);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    const scale = canvas.width / this.#shown;
    const [width, height] = [image.width * scale, image.height * scale];
    context.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  }

  clearPortrait() {
    clear(this.#portrait);
  }

  /** Lays a map over the portrait, which must be of the cell on its canvas. @param {HeatMap} map */
  showHeat({ width, height, values, region }) {
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
    clear(this.#heat);
    const context = contextOf(this.#heat);
    context.imageSmoothingQuality = "high";
    const scale = this.#heat.width / this.#shown;
    const corner = (CELL_SIDE - this.#shown) / 2;
    context.drawImage(small, (region.left - corner) * scale, (region.top - corner) * scale, region.side * scale, region.side * scale);
  }

  clearHeat() {
    clear(this.#heat);
  }
}

/** Side of the smallest square about the middle that holds every pixel that is not white. @param {ImageBitmap} image */
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
function clear(canvas) {
  contextOf(canvas).clearRect(0, 0, canvas.width, canvas.height);
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  return context;
}
