/** Puts an opened file in the place of the session, and gives cells their pictures back. */

import { readSession } from "./read-records.js";

/** @import { Cell, Session } from "./session.js" */

/**
 * Puts the session of a file in the place of this one. A picture that is already here stays with
 * the cells of its file.
 *
 * @param {Session} session
 * @param {string} text of the file
 * @returns {Cell[]} the cells now
 * @throws {Error} as {@link readSession}; then nothing has changed
 */
export function replaceSession(session, text) {
  const { cells, models, moved } = readSession(text, session.models);
  const pictures = new Map(session.cells.flatMap(({ sha256, picture }) => (sha256 && picture ? [[sha256, picture]] : [])));
  for (const cell of cells) cell.picture = pictures.get(cell.sha256 ?? "") ?? null;
  session.clear();
  session.resetThresholds();
  return session.restore(cells, models, moved);
}

/**
 * Gives a picture back to the cells that were imported without it.
 *
 * @param {Session} session
 * @param {Blob} file
 * @param {string | null} sha256 of the file
 * @returns {Cell[]} those cells; none where the file is new and should be added
 */
export function attachPictures(session, file, sha256) {
  if (sha256 === null) return [];
  const cells = session.cells.filter((cell) => cell.picture === null && cell.sha256 === sha256);
  for (const cell of cells) session.update(cell, { picture: file });
  return cells;
}
