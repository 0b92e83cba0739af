/**
 * A field's picture in several sizes, each half of the one before, cut into tiles. A window draws the
 * few tiles that it shows, at the size next above its own: quick for fifty megapixels, and without
 * the flicker of a large picture that is shrunk at once.
 */

/** @import { Box } from "./view.js" */

/** Side of a tile in pixels: small enough for every graphics card, large enough for few tiles. */
const TILE = 1024;
/** Pixels of tiles that are kept: 96 MB. */
const KEPT_PIXELS = 24 * 1024 ** 2;

export class Pyramid {
  /** The whole picture at each size, the largest first. @type {(ImageData | ImageBitmap)[]} */
  #levels;
  #smallest;
  /** Tiles of levels that have more than one, the one that was drawn longest ago first. @type {Map<string, ImageBitmap>} */
  #tiles = new Map();
  /** Tiles on their way. @type {Set<string>} */
  #wanted = new Set();
  #onTile;
  #isClosed = false;

  /**
   * @param {(ImageData | ImageBitmap)[]} levels above the smallest
   * @param {ImageBitmap} smallest
   * @param {(box: Box) => void} onTile a tile has come that a drawing lacked, in this part of the field
   */
  constructor(levels, smallest, onTile) {
    this.#levels = [...levels, smallest];
    this.#smallest = smallest;
    this.#onTile = onTile;
  }

  /**
   * Halves a picture until it is one tile.
   *
   * @param {ImageData} picture is kept: a copy of fifty megapixels would take 200 MB
   * @param {(box: Box) => void} onTile a tile has come that a drawing lacked, in this part of the field
   */
  static async of(picture, onTile) {
    /** @type {(ImageData | ImageBitmap)[]} */
    const levels = [];
    /** @type {ImageData | ImageBitmap} */
    let last = picture;
    for (let { width, height } = picture; Math.max(width, height) > TILE;) {
      levels.push(last);
      [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
      last = await createImageBitmap(last, { resizeWidth: width, resizeHeight: height, resizeQuality: "medium" });
    }
    return new Pyramid(levels, last instanceof ImageBitmap ? last : await createImageBitmap(last), onTile);
  }

  /** Columns of pixels of the field. */
  get width() {
    return this.#levels[0].width;
  }

  /** Rows of pixels of the field. */
  get height() {
    return this.#levels[0].height;
  }

  /**
   * Draws the part of the field that `shown` covers. Where a tile is not there yet, the smallest size
   * stands in, and `onTile` tells when to draw again.
   *
   * @param {CanvasRenderingContext2D} context whose unit is the field's pixel
   * @param {Box} shown
   * @param {number} scale pixels of the canvas for one pixel of the field
   */
  draw(context, shown, scale) {
    if (this.#isClosed) return;
    // Large pixels are shown as they are: a person who enlarges so far wants to see them.
    context.imageSmoothingEnabled = scale < 6;
    context.imageSmoothingQuality = "medium";
    const halvings = Math.floor(Math.log2(1 / Math.max(scale, Number.MIN_VALUE)) + 1e-6);
    const chosen = Math.min(Math.max(halvings, 0), this.#levels.length - 1);
    if (chosen === this.#levels.length - 1) return this.#drawWhole(context);
    const level = this.#levels[chosen];
    const [across, down] = [this.width / level.width, this.height / level.height];
    const range = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ unit, /** @type {number} */ length) => {
      const first = Math.max(0, Math.floor((from + 0.5) / unit / TILE));
      const last = Math.min(Math.ceil(length / TILE) - 1, Math.floor((to + 0.5) / unit / TILE));
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    };
    const columns = range(shown.left, shown.right, across, level.width);
    const rows = range(shown.top, shown.bottom, down, level.height);
    const places = rows.flatMap((row) => columns.map((column) => ({ column, row })));
    const tiles = places.map((place) => ({ ...place, tile: this.#tile(chosen, place.column, place.row) }));
    if (tiles.some(({ tile }) => !tile)) this.#drawWhole(context);
    for (const { column, row, tile } of tiles) {
      if (!tile) continue;
      const { left, top, right, bottom } = this.#boxOf(tile, chosen, column, row);
      context.drawImage(tile, left, top, right - left, bottom - top);
    }
  }

  /** The whole field at its smallest size. */
  get smallest() {
    return this.#smallest;
  }

  /** Gives the memory back. */
  close() {
    this.#isClosed = true;
    for (const bitmap of [...this.#levels, ...this.#tiles.values()]) if (bitmap instanceof ImageBitmap) bitmap.close();
    this.#tiles.clear();
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawWhole(context) {
    context.drawImage(this.#smallest, -0.5, -0.5, this.width, this.height);
  }

  /** A tile that is there; else it is made, and null. @param {number} level @param {number} column @param {number} row */
  #tile(level, column, row) {
    const key = `${level} ${column} ${row}`;
    const tile = this.#tiles.get(key);
    if (tile) {
      // The most recent one last.
      this.#tiles.delete(key);
      this.#tiles.set(key, tile);
      return tile;
    }
    if (!this.#wanted.has(key)) void this.#make(key, level, column, row);
    return null;
  }

  /** @param {string} key @param {number} level @param {number} column @param {number} row */
  async #make(key, level, column, row) {
    this.#wanted.add(key);
    const whole = this.#levels[level];
    const [left, top] = [column * TILE, row * TILE];
    const [width, height] = [Math.min(TILE, whole.width - left), Math.min(TILE, whole.height - top)];
    const tile = await createImageBitmap(whole, left, top, width, height).catch(() => null);
    this.#wanted.delete(key);
    if (!tile) return;
    if (this.#isClosed) return tile.close();
    this.#tiles.set(key, tile);
    this.#dropOldest();
    this.#onTile(this.#boxOf(tile, level, column, row));
  }

  /** The part of the field that a tile shows. @param {ImageBitmap} tile @param {number} level @param {number} column @param {number} row @returns {Box} */
  #boxOf({ width, height }, level, column, row) {
    const [across, down] = [this.width / this.#levels[level].width, this.height / this.#levels[level].height];
    const [left, top] = [column * TILE * across - 0.5, row * TILE * down - 0.5];
    return { left, top, right: left + width * across, bottom: top + height * down };
  }

  #dropOldest() {
    let pixels = 0;
    for (const { width, height } of this.#tiles.values()) pixels += width * height;
    for (const [key, tile] of this.#tiles) {
      if (pixels <= KEPT_PIXELS) return;
      pixels -= tile.width * tile.height;
      tile.close();
      this.#tiles.delete(key);
    }
  }
}
