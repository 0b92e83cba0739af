/** Puts an opened file in the place of the session, and gives sources their bytes back. */

import { readSession } from "./read-records.js";

/** @import { Cell } from "./cell.js" */
/** @import { Session } from "./session.js" */

/**
 * Puts the session of a file in the place of this one. Bytes that are already here stay with the
 * sources of their SHA-256.
 *
 * @param {Session} session
 * @param {string} text of the file
 * @returns {Cell[]} the cells now
 * @throws {Error} as {@link readSession}; then nothing has changed
 */
export function replaceSession(session, text) {
  const { cells, models, moved, sources } = readSession(text, session.models);
  const known = new Map(session.sources.flatMap(({ sha256, bytes }) => (sha256 && bytes ? [[sha256, bytes]] : [])));
  for (const source of sources) source.bytes = known.get(source.sha256 ?? "") ?? null;
  session.clear();
  session.resetThresholds();
  return session.restore(cells, models, moved);
}

/**
 * Gives a file back to the sources that were opened without their bytes.
 *
 * @param {Session} session
 * @param {Blob} file
 * @param {string | null} sha256 of the file
 * @returns {Cell[]} the cells of those sources; none where the file is new and should be added
 */
export function attachBytes(session, file, sha256) {
  if (sha256 === null) return [];
  const sources = new Set(session.sources.filter((source) => source.bytes === null && source.sha256 === sha256));
  for (const source of sources) session.updateSource(source, { bytes: file });
  return session.cells.filter(({ source }) => sources.has(source));
}
