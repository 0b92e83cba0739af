/** The SHA-256 of bytes and of files. */

/**
 * The size of the largest picture that is read, in bytes: decoded, a larger one would not fit into the
 * wasm's 4 GiB of memory.
 */
export const LARGEST_PICTURE = 256 * 2 ** 20;

/**
 * The SHA-256 of bytes, 64 hexadecimal digits; null in an insecure context (neither https nor
 * localhost), where browsers do not compute it.
 *
 * @param {ArrayBuffer | Uint8Array} bytes
 */
export async function sha256Of(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  // The browser refuses shared memory.
  const own = view.buffer instanceof ArrayBuffer ? /** @type {Uint8Array<ArrayBuffer>} */ (view) : new Uint8Array(view);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", own));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The SHA-256 of a picture's file, as {@link sha256Of}; null also where the file cannot be read, or is
 * too large to be a picture.
 *
 * @param {Blob} file
 */
export async function sha256OfFile(file) {
  if (file.size > LARGEST_PICTURE) return null;
  const bytes = await file.arrayBuffer().catch(() => null);
  return bytes && sha256Of(bytes);
}
