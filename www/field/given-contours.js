/**
 * Contours that another program gave: each file is brought to the field that it belongs to, and the
 * field's nuclei are outlined with it.
 */

import { listing } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { isChecked, isUnoutlined } from "../session/cell.js";

/** @import { ContourFile } from "../pkg/index.js" */
/** @import { Found } from "../intake/file-intake.js" */
/** @import { Refusal } from "../intake/arrivals.js" */
/** @import { Engine } from "../reading/engine.js" */
/** @import { Pictures } from "../reading/pictures.js" */
/** @import { Cell, Source } from "../session/cell.js" */
/** @import { Session } from "../session/session.js" */

/** The end of a name without its ending, of a file with the objects of a field that are not to be read. */
const LEFT_OUT = /[_-]left_out(?=\.(?:geo)?json$)/i;

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
  // Objects that are left out belong to the nuclei, so theirs are taken last.
  const ordered = files.toSorted((one, other) => Number(holdsLeftOut(one.name)) - Number(holdsLeftOut(other.name)));
  for (const { name, file } of ordered) {
    const refuse = (/** @type {string} */ reason, /** @type {Record<string, string>} */ values = {}) => refused.push({ name, reason, values });
    const isLeftOut = holdsLeftOut(name);
    const field = fieldOf(name, session, files.length === 1);
    if (!field) {
      refuse("contours.no-field");
      continue;
    }
    if (isLeftOut && !isOutlined(field, session)) {
      refuse("contours.no-nuclei");
      continue;
    }
    if (!isLeftOut && session.cells.some((cell) => cell.source === field && hasWorkOfAPerson(cell))) {
      refuse("contours.answered");
      continue;
    }
    try {
      const { width, height } = await pictures.of(field.bytes);
      const read = await engine.run((karyolens) => karyolens.readContours(file, { width, height, name: field.name }));
      if (read.contours.length === 0) refuse("contours.none");
      else if (isLeftOut) session.updateSource(field, { leftOut: read.contours.map(({ points }) => points) });
      else cells.push(...outline(session, field, read));
      if (read.refused.length > 0) {
        const reasons = read.refused.map(({ reason, count }) => `${count}: ${reason}`);
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
 * @param {ContourFile} file
 */
function outline(session, field, { contours, leftOut }) {
  const cells = contours.map(({ points, origin, changed, confirmed, probability, features }) => ({
    ...session.newNucleus(field, points, origin),
    isEdited: changed,
    isConfirmed: confirmed,
    probability,
    corrections: new Map(features.flatMap(({ name, answer }) => (answer === null ? [] : [[name, answer]]))),
  }));
  field.leftOut = leftOut.map(({ points }) => points.map(([x, y]) => [x, y]));
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
function hasWorkOfAPerson(cell) {
  return cell.corrections.size > 0 || isChecked(cell);
}

/** Whether a field has nuclei. @param {Source} field @param {Session} session */
function isOutlined(field, session) {
  return session.cells.some(({ source, contour }) => source === field && contour);
}

/** Whether a file holds the objects of a field that are not to be read, by its name. @param {string} name */
function holdsLeftOut(name) {
  return LEFT_OUT.test(name);
}

/** A file's name without its folders, its ending, and `_contours` or `_left_out`. @param {string} name */
export function stemOf(name) {
  const file = name.slice(name.lastIndexOf("/") + 1);
  return file.replace(LEFT_OUT, "").replace(/\.(?:geo)?json$|\.[a-z]{2,4}$/i, "").replace(/[_-]contours?$/i, "").toLowerCase();
}
