/** The kind of a file, told by its content, on bytes that are made up. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_BYTES, kindOf, kindOfJson } from "../../www/intake/file-kind.js";

/** One byte a character. @param {string} letters */
function bytes(letters) {
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

/** A ZIP's first entry. @param {string} name */
function zip(name) {
  return `PK\x03\x04${"\0".repeat(26)}${name}content`;
}

/** A file's first box with its brands. @param {string} brands four letters each */
function box(brands) {
  return `\0\0\0${String.fromCharCode(8 + brands.length)}ftyp${brands}\0\0\0\x20meta`;
}

/** @param {number} header the size of the header after the file's own */
function bmp(header) {
  return `BM\x46\0\0\0\0\0\0\0\x36\0\0\0${String.fromCharCode(header)}\0\0\0`;
}

const UTF16 = "\xff\xfea\0,\0b\0\n\x001\0,\x002\0\n\0";

/** @type {[string, string, string?][]} */
const FILES = [
  ["picture PNG", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
  ["picture JPEG", "\xff\xd8\xff\xe0\0\x10JFIF"],
  ["picture JPEG", "\xff\xd8\xff\xe1\0\x10Exif"],
  ["picture WebP", "RIFF\x24\0\0\0WEBPVP8 "],
  ["picture TIFF", "II*\0\x08\0\0\0"],
  ["picture TIFF", "MM\0*\0\0\0\x08"],
  ["picture BigTIFF", "II+\0\x08\0\0\0"],
  ["picture BigTIFF", "MM\0+\0\x08\0\0"],
  ...[12, 40, 52, 56, 108, 124].map((header) => /** @type {[string, string]} */ (["picture BMP", bmp(header)])),
  ["other-picture GIF", "GIF89a\x01\0\x01\0"],
  ["other-picture HEIC", box("heic\0\0\0\0mif1heic")],
  ["other-picture HEIC", box("mif1\0\0\0\0mif1heic")],
  ["other-picture AVIF", box("avif\0\0\0\0avifmif1")],
  ["other-picture AVIF", box("mif1\0\0\0\0mif1avif")],
  ["other-picture HEIF", box("mif1\0\0\0\0mif1")],
  ["other-picture JPEG XL", "\xff\x0a\xfa\x1f"],
  ["other-picture JPEG XL", "\0\0\0\x0cJXL \r\n\x87\n"],
  ["other-picture JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n"],
  ["slide DICOM", `${"\0".repeat(128)}DICM`],
  ["slide CZI (Zeiss)", "ZISRAWFILE\0\0\0\0"],
  ["slide VSI (Olympus)", "II*\0\0\x10\0\0\x18\0IS\0\0"],
  ["slide VSI (Olympus)", "SIS\0\x40\0\0\0"],
  ["slide MRXS (3DHISTECH)", "\xef\xbb\xbf[GENERAL]\r\nSLIDE_VERSION = 01.02\r\n"],
  ["other-picture SVG", "<?xml version=\"1.0\"?>\n<svg xmlns=\"x\">"],
  ["checkpoint", "\x10\0\0\0\0\0\0\0{\"__metadata__\"}"],
  ["pytorch", zip("archive/data.pkl")],
  ["pytorch", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."],
  ["archive ZIP", zip("cells/1.png")],
  ["archive ZIP", `PK\x05\x06${"\0".repeat(18)}`],
  ["archive gzip", "\x1f\x8b\x08\0"],
  ["archive 7z", "7z\xbc\xaf\x27\x1c"],
  ["archive RAR", "Rar!\x1a\x07\x01\0"],
  ["archive tar", `${"cells/1.png".padEnd(257, "\0")}ustar`],
  ["pdf", "%PDF-1.7\n"],
  ["document", zip("[Content_Types].xml")],
  ["document", zip("word/document.xml")],
  ["document", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
  ["companion", "\0\x05\x16\x07\0\x02\0\0Mac OS X"],
  ["empty", ""],
  ["session", "{\"format\": \"karyolens-session\"}"],
  ["session", "\xef\xbb\xbf{\n \"format\":\"karyolens-session\",\n \"version\": 2, and no end"],
  ["json", "{\"cells\": [], \"format\": \"karyolens-session\"}"],
  ["json", " \r\n[{\"id\": 0}]"],
  ["json", "\xef\xbb\xbf{}"],
  ["table", "file,Grooves\na.png,1\n"],
  ["table", "\xef\xbb\xbffile;Grooves\r\na.png;0,5\r\n"],
  ["table", "file;\"Enlargement, nuclear\"\na.png;1\nb.png;0\n"],
  ["table", "file\tGrooves\na.png\t1\n"],
  ["table", UTF16],
  ["text", "This is a letter, not a picture.\n"],
  ["text", "BM is how this letter begins, as a bitmap does."],
  ["text", "Dear colleague,\nthe second line has a comma, too, and one more\n"],
  ["text", "Tế bào".normalize("NFC").replace(/./gu, (letter) => String.fromCharCode(...new TextEncoder().encode(letter)))],
  ["unknown", "\x01\x02\x03\x04"],
  ["unknown", "\xff\xfe\xff"],
  ["unknown", box("isom\0\0\0\0mp42")],
];

test("the kind of a file is told by its first bytes", () => {
  for (const [told, letters] of FILES) {
    const { kind, format } = kindOf(bytes(letters), letters.length);
    assert.equal(`${kind} ${format}`.trim(), told, JSON.stringify(letters.slice(0, 40)));
  }
});

test("a text is one even where the first bytes end within a letter", () => {
  const letters = `${"x".repeat(FIRST_BYTES - 1)}\xe1\xba\xbf`;
  assert.equal(kindOf(bytes(letters.slice(0, FIRST_BYTES)), letters.length).kind, "text");
});

test("a header that is longer than its file makes no checkpoint", () => {
  const letters = "\xff\xff\0\0\0\0\0\0{\"__metadata__\"}";
  assert.equal(kindOf(bytes(letters), letters.length).kind, "unknown");
});

/** @type {[string, unknown][]} */
const JSON_FILES = [
  ["session", { format: "karyolens-session", version: 99 }],
  ["contours", [{ id: 0, points: [[1, 2], [3, 4], [5, 6]] }, { id: 1, points: [] }]],
  ["contours", { 0: { contour: [[1, 2], [3, 4], [5, 6]] } }],
  ["contours", { "B5_141.jpg": { cell_0: { contour: [[1, 2], [3, 4], [5, 6]], features_binary: [0, 1] } } }],
  ["geojson", { type: "FeatureCollection", features: [] }],
  ["geojson", { type: "Feature", geometry: { type: "Polygon", coordinates: [] }, properties: {} }],
  ["geojson", [{ type: "Feature", geometry: { type: "Polygon", coordinates: [] } }]],
  ["geojson", { type: "MultiPolygon", coordinates: [] }],
  ["labels", { B5_1_cell_1: [0, 1, 0], B5_1_cell_2: [1, 1, 0] }],
  ["json", {}],
  ["json", []],
  ["json", null],
  ["json", "text"],
  ["json", { type: "Topology" }],
  ["json", [{ id: 0 }]],
  ["json", { cells: [0, 2] }],
];

test("the kind of JSON is told by its structure", () => {
  for (const [kind, value] of JSON_FILES) assert.equal(kindOfJson(value), kind, JSON.stringify(value));
});
