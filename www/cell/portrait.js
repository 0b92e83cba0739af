/** The picture side of the cell's panel: the cell large, and the heat map where a person asks for it. */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { pictureOf } from "../session/cell.js";
import { CellPicture } from "./cell-picture.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Cell } from "../session/cell.js" */

/** Side in pixels of the part of a cell image that is shown while no model says how much it sees. */
const USUAL_CROP = 128;

export class Portrait {
  #elements;
  #engine;
  #picture;
  /** The last drawing, so that nothing is drawn twice. @type {{cell: Cell | null, picture: Blob | null, heat: string}} */
  #drawn = { cell: null, picture: null, heat: "" };

  /**
   * @param {PageElements["detail"]["picture"]} elements
   * @param {Pick<Engine, "run">} engine
   */
  constructor(elements, engine) {
    this.#elements = elements;
    this.#engine = engine;
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
    const picture = pictureOf(cell);
    const wanted = showHeat.checked && cell.state === "done" && picture ? feature : null;
    heatControls.hidden = wanted === null;
    const heat = wanted ? `${cell.id} ${wanted} ${model}` : "";
    const isOther = cell !== this.#drawn.cell || picture !== this.#drawn.picture;
    if (!isOther && heat === this.#drawn.heat) return;
    const drawn = { cell, picture, heat };
    this.#drawn = drawn;
    const stillWanted = () => this.#drawn === drawn;
    this.#picture.clearHeat();
    heatMessage.textContent = "";
    if (isOther) await this.#drawPortrait(cell, stillWanted);
    if (!wanted || !picture || !stillWanted()) return;
    heatMessage.textContent = t("heat.computing");
    try {
      const map = await this.#engine.run((karyolens) => karyolens.explain(picture, wanted));
      if (!stillWanted()) return;
      this.#picture.showHeat(map);
      heatMessage.textContent = "";
    } catch (error) {
      if (stillWanted()) heatMessage.textContent = t("heat.failed", { reason: messageOf(error) });
    }
  }

  /** @param {Cell} cell @param {() => boolean} stillWanted */
  async #drawPortrait(cell, stillWanted) {
    const picture = pictureOf(cell);
    const { missing } = this.#elements;
    missing.hidden = picture !== null;
    missing.textContent = t(cell.source.synthetic ? "detail.not-drawn" : "detail.no-picture");
    if (!picture) return this.#picture.clearPortrait();
    // First as the browser reads it, if it knows the format; then as the network gets it.
    const raw = await createImageBitmap(picture).catch(() => null);
    if (!stillWanted()) return;
    if (raw) this.#picture.showPortrait(raw, USUAL_CROP);
    else this.#picture.clearPortrait();
    raw?.close();
    try {
      const { png, crop } = await this.#engine.run(async (karyolens) => ({
        png: await karyolens.cellImage(picture),
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
}
