/**
 * Takes the files that a person brings: tells them apart, names those that are not taken, and gives
 * pictures back to the sources that lack their bytes. The page fetches it once it is ready, or with the
 * first files.
 */

import { sha256OfFile } from "../pkg/hash.js";
import { messageOf } from "../pkg/message.js";
import { attachBytes } from "../session/restore.js";
import { sortArrivals } from "./arrivals.js";
import { Refusals } from "./refusals.js";

/** @import { PageElements } from "../elements/page-elements.js" */
/** @import { Slide } from "../pkg/index.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Cell } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */
/** @import { Refusal } from "./arrivals.js" */
/** @import { Found } from "./file-intake.js" */

export class Intake {
  #refusals;
  #session;

  /** @param {PageElements["refusals"]} elements @param {Session} session */
  constructor(elements, session) {
    this.#refusals = new Refusals(elements);
    this.#session = session;
  }

  /** Tells files apart by their content; those that are not taken are named on the page. @param {Found[]} found */
  async sort(found) {
    const { refused, ...taken } = await sortArrivals(found);
    this.#refusals.show(refused);
    return taken;
  }

  /**
   * Looks at the sizes of slides. Those that cannot be read are named on the page.
   *
   * @param {Found[]} slides
   * @param {Pick<Engine, "run">} engine
   */
  async open(slides, engine) {
    /** @type {Found[]} */
    const small = [];
    /** @type {(Found & {slide: Slide})[]} */
    const large = [];
    for (const one of slides) {
      try {
        const slide = await engine.run((karyolens) => karyolens.openSlide(one.file));
        if (slide.isSmall) small.push(one);
        else large.push({ ...one, slide });
      } catch (error) {
        this.refuse([{ name: one.name, reason: "refused.slide-failed", values: { reason: messageOf(error) } }]);
      }
    }
    return { small, large };
  }

  /** Names more files that are not taken, or not wholly. @param {Refusal[]} refused */
  refuse(refused) {
    if (refused.length > 0) this.#refusals.show([...this.#refusals.shown, ...refused]);
  }

  /**
   * Gives pictures back to the sources that lack their bytes.
   *
   * @param {Found[]} pictures
   * @returns {Promise<{cells: Cell[], fresh: Found[]}>} the cells of those sources, and the other pictures
   */
  async attach(pictures) {
    const session = this.#session;
    /** @type {Cell[]} */
    const cells = [];
    if (!session.sources.some(({ bytes, sha256 }) => bytes === null && sha256 !== null)) return { cells, fresh: pictures };
    const fresh = [];
    for (const one of pictures) {
      const attached = attachBytes(session, one.file, await sha256OfFile(one.file));
      if (attached.length === 0) fresh.push(one);
      cells.push(...attached);
    }
    return { cells, fresh };
  }
}
