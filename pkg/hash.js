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
