/**
 * Pictures of formats that the program does not read and the browser may: AVIF and HEIC of phones, GIF, JPEG XL.
 * Colours and orientation are then the browser's work, so such a picture carries a remark.
 */

/** The remark. */
export const BY_BROWSER = "The picture was decoded by the browser: another browser may show slightly other colours.";

/** How such files begin, one character a byte. Boxes (`ftyp`) with these brands are AVIF, HEIC and their kin. */
const BEGINNINGS = [/^[^]{4}ftyp(?:avi[fs]|hei[cxms]|hevc|mif1|msf1)/, /^GIF8[79]a/, /^(?:\xff\x0a|\0\0\0\x0cJXL )/];
/** The most pixels, as the program has it. */
const MOST_PIXELS = 50_000_000;

/**
 * The pixels, RGBA on white; null where the program itself is to read the bytes, or to say why it does not.
 *
 * @param {Uint8Array} bytes of a file
 * @returns {Promise<{pixels: Uint8Array<ArrayBuffer>, width: number} | null>}
 */
export async function decodedByBrowser(bytes) {
  const beginning = String.fromCharCode(...bytes.subarray(0, 12));
  if (!BEGINNINGS.some((one) => one.test(beginning))) return null;
  const file = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]);
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const { width, height } = bitmap;
  const context = width * height <= MOST_PIXELS ? new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true }) : null;
  if (!context) return null;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { pixels: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), width };
}
