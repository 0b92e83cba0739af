/**
 * Contours that another program gave: each file is brought to the field that it belongs to, and the
 * field's nuclei are outlined with it.
 */

import { listing } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { isUnoutlined } from "../session/cell.js";

/** @import { Contour as GivenContour } from "../pkg/index.js" */
/** @import { Found } from "../intake/file-intake.js" */
/** @import { Refusal } from "../intake/arrivals.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Cell, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** A source with its bytes. @typedef {Source & {bytes: Blob}} SourceAtHand */

/**
 * Outlines the fields of a session with the contours of files.
 *
 * @param {Found[]} files of contours
 * @param {object} parts
 * @param {Session} parts.session which has the fields
 * @param {Engine} parts.engine
 * @param {Pictures} parts.pictures
 * @returns {Promise<{cells: Cell[], refused: Refusal[]}>} the new cells, and a line for each file or part of one that was not taken
 */
export async function takeContours(files, { session, engine, pictures }) {
  /** @type {Cell[]} */
  const cells = [];
  /** @type {Refusal[]} */
  const refused = [];
  for (const { name, file } of files) {
    const refuse = (/** @type {string} */ reason, /** @type {Record<string, string>} */ values = {}) => refused.push({ name, reason, values });
    const field = fieldOf(name, session, files.length === 1);
    if (!field) {
      refuse("contours.no-field");
      continue;
    }
    if (session.cells.some((cell) => cell.source === field && hasWorkOfAPerson(cell))) {
      refuse("contours.answered");
      continue;
    }
    try {
      const { width, height } = await pictures.of(field.bytes);
      const { contours, leftOut } = await engine.run((karyolens) =>
        karyolens.readContours(file, { width, height, name: field.name }));
      if (contours.length === 0) refuse("contours.none");
      else cells.push(...outline(session, field, contours));
      if (leftOut.length > 0) {
        const reasons = leftOut.map(({ reason, count }) => `${count}: ${reason}`);
        refuse("contours.left-out", { reasons: listing(reasons) });
      }
    } catch (error) {
      refuse("contours.failed", { reason: messageOf(error) });
    }
  }
  return { cells, refused };
}

/**
 * Gives a field the nuclei of a file, with all that the file knows of a person's work on them. What a
 * model called is left to the model in use.
 *
 * @param {Session} session
 * @param {Source} field
 * @param {GivenContour[]} contours
 */
function outline(session, field, contours) {
  const cells = contours.map(({ points, origin, changed, features }) => ({
    ...session.newNucleus(field, points, origin),
    isEdited: changed,
    corrections: new Map(features.flatMap(({ name, answer }) => (answer === null ? [] : [[name, answer]]))),
  }));
  field.leftOut = [];
  session.replaceCells(field, "field", cells);
  return cells;
}

/**
 * The field that a file of contours belongs to: the one of its name, or the only one that has none.
 *
 * @param {string} name of the file, such as `B5_141_contours.json` for `B5_141.jpg`
 * @param {Session} session
 * @param {boolean} isAlone whether no other file of contours came with it
 * @returns {SourceAtHand | null}
 */
function fieldOf(name, session, isAlone) {
  const sources = /** @type {SourceAtHand[]} */ (session.sources.filter(({ bytes, synthetic }) => bytes && !synthetic));
  const named = sources.filter((source) => stemOf(source.name) === stemOf(name));
  if (named.length > 0) return named[named.length - 1];
  const isBare = (/** @type {Cell} */ cell) => isUnoutlined(cell) || (cell.origin === null ? cell.state !== "done" : cell.origin === "found" && !hasWorkOfAPerson(cell));
  const outlined = new Set(session.cells.filter((cell) => !isBare(cell)).map(({ source }) => source));
  const candidates = sources.filter((source) => !outlined.has(source));
  return isAlone && candidates.length === 1 ? candidates[0] : null;
}

/** Whether a cell holds something that other contours would take away. @param {Cell} cell */
function hasWorkOfAPerson({ corrections, isEdited, origin }) {
  return corrections.size > 0 || isEdited || origin === "drawn";
}

/** A file's name without its folders, its ending, and the study's `_contours`. @param {string} name */
export function stemOf(name) {
  const file = name.slice(name.lastIndexOf("/") + 1);
  return file.replace(/\.(?:geo)?json$|\.[a-z]{2,4}$/i, "").replace(/[_-]contours?$/i, "").toLowerCase();
}
