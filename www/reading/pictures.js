/**
 * The pixels of fields: each is decoded once, by the program, for all that shows it or reads in it.
 * The latest few are kept; an older one is decoded again when it is asked for.
 */

/** @import { Picture } from "../pkg/index.js" */
/** @import { Source } from "../session/cell.js" */
/** @import { Engine } from "./engine.js" */

/** Pixels of all kept fields together: 192 MB, and one field of any size. */
const KEPT_PIXELS = 48 * 1024 ** 2;

export class Pictures {
  #engine;
  #onOpened;
  /** The one that was asked for longest ago first. @type {Map<Blob, {coming: Promise<Picture>, pixels: number}>} */
  #kept = new Map();

  /**
   * @param {Pick<Engine, "run">} engine
   * @param {(bytes: Blob, picture: Picture) => void} onOpened a picture was decoded
   */
  constructor(engine, onOpened) {
    this.#engine = engine;
    this.#onOpened = onOpened;
  }

  /**
   * @param {Blob} bytes of a field
   * @param {number | null} [micrometresPerPixel] as a person knows it; by default the picture's own
   * @returns {Promise<Picture>}
   * @throws {Error} where the file is no picture, or shows nothing
   */
  async of(bytes, micrometresPerPixel = null) {
    const picture = await this.#coming(bytes);
    return { ...picture, micrometresPerPixel: micrometresPerPixel ?? picture.micrometresPerPixel };
  }

  /** @param {Blob} bytes */
  #coming(bytes) {
    const known = this.#kept.get(bytes);
    this.#kept.delete(bytes);
    const kept = known ?? this.#open(bytes);
    this.#kept.set(bytes, kept);
    return kept.coming;
  }

  /** Forgets fields that are no longer in use. @param {Source[]} inUse */
  keepOnly(inUse) {
    const used = new Set(inUse.map(({ bytes }) => bytes));
    for (const bytes of this.#kept.keys()) if (!used.has(bytes)) this.#kept.delete(bytes);
  }

  /** @param {Blob} bytes */
  #open(bytes) {
    const coming = this.#engine.run((karyolens) => karyolens.open(bytes));
    const kept = { coming, pixels: 0 };
    coming.then((picture) => {
      kept.pixels = picture.width * picture.height;
      this.#dropOldest();
      this.#onOpened(bytes, picture);
    }, () => this.#kept.delete(bytes));
    return kept;
  }

  #dropOldest() {
    let pixels = 0;
    for (const kept of this.#kept.values()) pixels += kept.pixels;
    for (const [bytes, kept] of this.#kept) {
      if (pixels <= KEPT_PIXELS || this.#kept.size === 1) return;
      pixels -= kept.pixels;
      this.#kept.delete(bytes);
    }
  }
}
