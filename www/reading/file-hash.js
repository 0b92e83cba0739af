/** The SHA-256 of a file that a person brings. */

import { sha256Of } from "../pkg/hash.js";

/** In bytes. The classifier refuses larger files, and the page must not read them whole. */
const LARGEST_HASHED = 256 * 2 ** 20;

/**
 * Null if the browser offers no hash (as on an address without encryption), if the file cannot be
 * read, or if it is too large to be a picture of a cell.
 *
 * @param {Blob} file
 */
export async function sha256OfFile(file) {
  if (file.size > LARGEST_HASHED) return null;
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes && sha256Of(bytes);
}
