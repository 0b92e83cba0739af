/** The picture side of the cell's panel: the cell large, and the heat map where a person asks for it. */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { isUnoutlined } from "../session/cell.js";
import { CellPicture } from "./cell-picture.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { HeatMap, Karyolens } from "../pkg/index.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Cell, Contour } from "../session/cell.js" */

/** Side in pixels of the part of a cell image that is shown while no model says how much it sees. */
const USUAL_CROP = 128;

export class Portrait {
  #elements;
  #engine;
  #pictures;
  #picture;
  /** The last drawing, so that nothing is drawn twice. @type {{cell: Cell | null, bytes: Blob | null, contour: Contour | null, scale: number | null, heat: string}} */
  #drawn = { cell: null, bytes: null, contour: null, scale: null, heat: "" };

  /**
   * @param {PageElements["detail"]["picture"]} elements
   * @param {Pick<Engine, "run">} engine
   * @param {Pictures} pictures
   */
  constructor(elements, engine, pictures) {
    this.#elements = elements;
    this.#engine = engine;
    this.#pictures = pictures;
    this.#picture = new CellPicture(elements);
    const { heat, heatOpacity } = elements;
    const setOpacity = () => heat.style.setProperty("opacity", String(Number(heatOpacity.value) / 100));
    heatOpacity.addEventListener("input", setOpacity);
    setOpacity();
  }

  /** The next cell is drawn even if it is the same one. */
  forget() {
    this.#drawn.cell = null;
  }

  /**
   * Shows the picture, and over it the heat map where it is asked for.
   *
   * @param {Cell} cell
   * @param {string | null} feature the one that the heat map is about
   * @param {string} model the id of the model in use
   */
  async show(cell, feature, model) {
    const { showHeat, heatControls, heatMessage } = this.#elements;
    const { contour, source: { bytes, micrometresPerPixel: scale } } = cell;
    const wanted = showHeat.checked && cell.state === "done" && bytes ? feature : null;
    heatControls.hidden = wanted === null;
    const heat = wanted ? `${cell.id} ${wanted} ${model}` : "";
    const isOther = cell !== this.#drawn.cell || bytes !== this.#drawn.bytes || contour !== this.#drawn.contour || scale !== this.#drawn.scale;
    if (!isOther && heat === this.#drawn.heat) return;
    const drawn = { cell, bytes, contour, scale, heat };
    this.#drawn = drawn;
    const stillWanted = () => this.#drawn === drawn;
    this.#picture.clearHeat();
    heatMessage.textContent = "";
    if (isOther) await this.#drawPortrait(cell, stillWanted);
    if (!wanted || !bytes || !stillWanted()) return;
    heatMessage.textContent = t("heat.computing");
    try {
      const map = await this.#engine.run((karyolens) => this.#explain(karyolens, bytes, cell, wanted));
      if (!stillWanted()) return;
      this.#picture.showHeat(map);
      heatMessage.textContent = "";
    } catch (error) {
      if (stillWanted()) heatMessage.textContent = t("heat.failed", { reason: messageOf(error) });
    }
  }

  /** @param {Cell} cell @param {() => boolean} stillWanted */
  async #drawPortrait(cell, stillWanted) {
    const { contour, source: { bytes, synthetic } } = cell;
    const { missing } = this.#elements;
    missing.hidden = bytes !== null;
    missing.textContent = t(synthetic ? "detail.not-drawn" : "detail.no-picture");
    if (!bytes) return this.#picture.clearPortrait();
    // First as the browser reads it, if it knows the format; then as the network gets it.
    const raw = contour ? null : await createImageBitmap(bytes).catch(() => null);
    if (!stillWanted()) return;
    if (raw) this.#picture.showPortrait(raw, USUAL_CROP);
    else this.#picture.clearPortrait();
    raw?.close();
    // A network sees single nuclei, never a whole field.
    if (isUnoutlined(cell)) return;
    try {
      const { png, crop } = await this.#engine.run(async (karyolens) => ({
        png: await this.#cellImage(karyolens, bytes, cell),
        crop: karyolens.card.input.crop,
      }));
      const image = await createImageBitmap(new Blob([png], { type: "image/png" }));
      if (stillWanted()) this.#picture.showPortrait(image, crop);
      image.close();
    } catch {
      // The file is no picture: its message stands beside this.
      if (stillWanted() && !raw) {
        missing.hidden = false;
        missing.textContent = t("detail.unreadable");
      }
    }
  }

  /** @param {Karyolens} karyolens @param {Blob} bytes @param {Cell} cell */
  async #cellImage(karyolens, bytes, { contour, source }) {
    if (!contour && !source.isKindChosen) return karyolens.cellImage(bytes);
    const picture = await this.#pictures.of(bytes, source.micrometresPerPixel);
    return contour ? karyolens.cellImage(picture, { points: contour }) : karyolens.cellImage(picture);
  }

  /** @param {Karyolens} karyolens @param {Blob} bytes @param {Cell} cell @param {string} feature @returns {Promise<HeatMap>} */
  async #explain(karyolens, bytes, { contour, source }, feature) {
    if (!contour && !source.isKindChosen) return karyolens.explain(bytes, feature);
    const picture = await this.#pictures.of(bytes, source.micrometresPerPixel);
    return contour ? karyolens.explain(picture, { points: contour }, feature) : karyolens.explain(picture, feature);
  }
}
