/**
 * Turns the records of version 1, in which each cell held its own file, into records of version 2.
 * Nothing else knows version 1. Values that move are checked here, under their old place. The other
 * values keep their place, and are checked later like those of any record.
 */

import { entries, hash, list, orNull, text } from "./checks.js";
import { readSynthetic } from "./read-synthetic.js";
import { guessSlide } from "./slide.js";

/** @import { SourceRecord } from "./records.js" */

/**
 * The source of a cell of version 1, and the cell of version 2 that refers to it.
 *
 * @param {unknown} value a cell's record
 * @param {string} place of the record, for messages
 * @param {unknown} key of the source that the cell refers to
 * @returns {{source: SourceRecord, cell: Record<string, unknown>}}
 * @throws {Error} a sentence for people, where it is no such record
 */
export function splitCell(value, place, key) {
  const { file, sha256, synthetic, ...rest } = entries(value, place, ["file", "sha256", "synthetic", "state", "failure", "reading", "corrections"]);
  const name = text(file, `${place}.file`);
  const drawn = orNull(synthetic, `${place}.synthetic`, readSynthetic);
  return {
    source: {
      name,
      sha256: orNull(sha256, `${place}.sha256`, hash),
      kind: "cell-image",
      kindChosen: false,
      micrometresPerPixel: null,
      scaleEstimated: false,
      slide: drawn ? "" : guessSlide(name),
      leftOut: [],
      synthetic: drawn,
    },
    cell: { source: key, contour: null, ...rest },
  };
}

/**
 * The sources and cells of a session of version 1.
 *
 * @param {unknown} value its list of cells
 * @param {number} most cells that may be in it
 */
export function splitCells(value, most) {
  const split = list(value, "cells", most).map((cell, index) => splitCell(cell, `cells[${index}]`, index));
  return { sources: split.map(({ source }) => source), cells: split.map(({ cell }) => cell) };
}
