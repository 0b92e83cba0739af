/**
 * Tells the kind of a file by its content: by its first bytes, and JSON by its structure. It knows no
 * names and reads no files.
 */

import { isObject } from "../session/checks.js";
import { FORMAT } from "../session/records.js";

/**
 * - `picture`: Karyolens reads it
 * - `other-picture`: a picture of a format that Karyolens does not read
 * - `slide`: a slide in a format of one maker, or of an archive; those that begin as TIFF does are known when they are read
 * - `session`, `checkpoint`: Karyolens opens it
 * - `contours`, `geojson`: outlines of nuclei in a field
 * - `labels`: features of cells by their ids
 * - `companion`: macOS's notes beside a file
 *
 * @typedef {"picture" | "other-picture" | "slide" | "session" | "checkpoint" | "contours" | "geojson" | "labels" | "json" | "broken-json" |
 *   "pytorch" | "table" | "archive" | "pdf" | "document" | "companion" | "text" | "empty" | "unknown"} Kind
 */

/** A kind, and of pictures and archives the format's name. @typedef {{kind: Kind, format: string}} FileKind */

/** The number of bytes that tell every kind outside JSON. */
export const FIRST_BYTES = 4096;

/** How files begin, one character a byte, with kind and format; the first that fits counts. @type {[RegExp, Kind, string][]} */
const BEGINNINGS = [
  [/^\x89PNG\r\n\x1a\n/, "picture", "PNG"],
  [/^\xff\xd8\xff/, "picture", "JPEG"],
  [/^RIFF[^]{4}WEBP/, "picture", "WebP"],
  // Before TIFF: a VSI begins as TIFF does, and its pixels lie in other files, which begin with SIS.
  [/^(?:II\*\0[^]{4}\x18\0IS|SIS\0)/, "slide", "VSI (Olympus)"],
  [/^(?:II\*\0|MM\0\*)/, "picture", "TIFF"],
  [/^(?:II\+\0|MM\0\+)/, "picture", "BigTIFF"],
  // A text may begin with BM, too: the reserved bytes and the size of the header must fit.
  [/^BM[^]{4}\0{4}[^]{2}\0\0[\x0c\x28\x34\x38\x6c\x7c]\0{3}/, "picture", "BMP"],
  [/^GIF8[79]a/, "other-picture", "GIF"],
  [/^(?:\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n)/, "other-picture", "JPEG XL"],
  [/^(?:\xff\x4f\xff\x51|\0\0\0\x0cjP {2}\r\n\x87\n)/, "other-picture", "JPEG 2000"],
  [/^[^]{128}DICM/, "slide", "DICOM"],
  [/^ZISRAWFILE/, "slide", "CZI (Zeiss)"],
  [/^8BPS\0\x01/, "other-picture", "PSD"],
  [/^%PDF-/, "pdf", ""],
  // A pickle with PyTorch's magic number: its format before 2020.
  [/^\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19/, "pytorch", ""],
  [/^\x1f\x8b/, "archive", "gzip"],
  [/^7z\xbc\xaf\x27\x1c/, "archive", "7z"],
  [/^Rar!\x1a\x07/, "archive", "RAR"],
  [/^\xfd7zXZ\0/, "archive", "xz"],
  [/^BZh[1-9]/, "archive", "bzip2"],
  [/^\x28\xb5\x2f\xfd/, "archive", "Zstandard"],
  [/^[^]{257}ustar/, "archive", "tar"],
  [/^PK\x05\x06/, "archive", "ZIP"],
  [/^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/, "document", ""],
  [/^\0\x05\x16\x07/, "companion", ""],
];
/** By the brands in their first box. @type {Record<string, string>} */
const BRANDS = { avif: "AVIF", avis: "AVIF", heic: "HEIC", heix: "HEIC", hevc: "HEIC", heim: "HEIC", heis: "HEIC", mif1: "HEIF", msf1: "HEIF" };
/** Entries of an office document, which is a ZIP. */
const OFFICE = /^(?:\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/|word\/|ppt\/|mimetypeapplication\/vnd\.oasis)/;
/** Entries of a ZIP that PyTorch writes. */
const PYTORCH = /\/(?:data\.pkl|byteorder|\.format_version)/;
const SVG = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg\b/i;
/** A session as this program writes it: told without its end, since sessions are long. */
const SESSION = new RegExp(`^\\s*\\{\\s*"format"\\s*:\\s*"${FORMAT}"`);
/** The list of a MIRAX slide's other files. */
const MIRAX = /^\s*\[GENERAL\]\s+SLIDE_VERSION/;
/** The number of lines that are compared. */
const TABLE_LINES = 5;

/**
 * The kind of a file by its first bytes. For `json`, {@link kindOfJson} tells the kind further.
 *
 * @param {Uint8Array} bytes the first {@link FIRST_BYTES}, or all where there are fewer
 * @param {number} size of the whole file in bytes
 * @returns {FileKind}
 */
export function kindOf(bytes, size) {
  if (size === 0) return { kind: "empty", format: "" };
  const latin = String.fromCharCode(...bytes);
  for (const [beginning, kind, format] of BEGINNINGS) if (beginning.test(latin)) return { kind, format };
  if (latin.startsWith("PK\x03\x04")) return kindOfZip(latin);
  if (latin.slice(4, 8) === "ftyp") return kindOfBox(latin);
  if (isSafetensors(bytes, size)) return { kind: "checkpoint", format: "" };
  const text = textOf(bytes, bytes.length < size);
  return text === null ? { kind: "unknown", format: "" } : kindOfText(text);
}

/**
 * The kind of a JSON file by its structure.
 *
 * @param {unknown} value that was parsed
 * @returns {Kind}
 */
export function kindOfJson(value) {
  const list = Array.isArray(value) ? value : [];
  if (isObject(value) && value.format === FORMAT) return "session";
  if (isGeoJson(value) || (list.length > 0 && list.every(isGeoJson))) return "geojson";
  const entries = isObject(value) ? Object.values(value) : [];
  // Cells in a list or by their names, or by the names of their fields.
  const lists = [[value], list, entries, ...entries.map((one) => (isObject(one) ? Object.values(one) : []))];
  if (lists.some((cells) => cells.some(isOutlined))) return "contours";
  const isLabels = (/** @type {unknown} */ one) => Array.isArray(one) && one.length > 0 && one.every((label) => label === 0 || label === 1);
  return entries.length > 0 && entries.every(isLabels) ? "labels" : "json";
}

/** Whether a value is a cell of the study's forms. @param {unknown} value */
function isOutlined(value) {
  return isObject(value) && (Array.isArray(value.points) || Array.isArray(value.contour));
}

/** @param {string} latin @returns {FileKind} */
function kindOfZip(latin) {
  if (PYTORCH.test(latin)) return { kind: "pytorch", format: "" };
  // The first entry's name stands after the 30 bytes of its header.
  return OFFICE.test(latin.slice(30)) ? { kind: "document", format: "" } : { kind: "archive", format: "ZIP" };
}

/** A file of boxes, as those of cameras and phones. Any of its brands may tell its format. @param {string} latin @returns {FileKind} */
function kindOfBox(latin) {
  const length = [0, 1, 2, 3].reduce((sum, index) => 256 * sum + latin.charCodeAt(index), 0);
  const brands = latin.slice(8, Math.min(length, latin.length)).match(/[^]{4}/g) ?? [];
  const known = brands.flatMap((brand) => BRANDS[brand] ?? []);
  // The brand `mif1` says only that it is some HEIF.
  const format = known.find((one) => one !== "HEIF") ?? known[0];
  return format ? { kind: "other-picture", format } : { kind: "unknown", format: "" };
}

/** Safetensors: the length of a JSON header in 8 bytes, then that header. @param {Uint8Array} bytes @param {number} size */
function isSafetensors(bytes, size) {
  if (bytes.length < 10 || bytes[8] !== "{".charCodeAt(0)) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(size - 8);
}

/**
 * The bytes as text; null where they are no text. UTF-16 is known by its byte order mark.
 *
 * @param {Uint8Array} bytes
 * @param {boolean} isCut whether the last letter may be incomplete
 */
function textOf(bytes, isCut) {
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    const text = new TextDecoder(mark, { fatal: true }).decode(bytes, { stream: isCut });
    return /[\0-\x08\x0e-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** @param {string} text the beginning of a file @returns {FileKind} */
function kindOfText(text) {
  if (SESSION.test(text)) return { kind: "session", format: "" };
  if (MIRAX.test(text)) return { kind: "slide", format: "MRXS (3DHISTECH)" };
  if (/^\s*[[{]/.test(text)) return { kind: "json", format: "" };
  if (SVG.test(text)) return { kind: "other-picture", format: "SVG" };
  return { kind: isTable(text) ? "table" : "text", format: "" };
}

/** Whether the first lines, two at least, have the same number of columns. @param {string} text */
function isTable(text) {
  const lines = text.split(/\r\n?|\n/).filter((line) => line.trim() !== "").slice(0, TABLE_LINES);
  // The last line may be cut off.
  if (lines.length > 2) lines.pop();
  return lines.length >= 2 && [",", ";", "\t"].some((separator) => {
    const columns = lines.map((line) => line.replace(/"(?:[^"]|"")*"/g, "").split(separator).length);
    return columns[0] > 1 && columns.every((count) => count === columns[0]);
  });
}

/** A FeatureCollection, a Feature, or a bare polygon. @param {unknown} value */
function isGeoJson(value) {
  if (!isObject(value)) return false;
  const { type } = value;
  if (type === "FeatureCollection") return Array.isArray(value.features);
  if (type === "Feature") return isObject(value.geometry);
  return (type === "Polygon" || type === "MultiPolygon") && Array.isArray(value.coordinates);
}
