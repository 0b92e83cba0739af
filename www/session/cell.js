/** The parts of a session: a source, its cells, and a model's reading of a cell. */

/** @import { RiskRule } from "../pkg/index.js" */

/**
 * A model as a session remembers it: enough to decide with, and to name, long after it was closed.
 *
 * @typedef {object} Model
 * @property {string} id its SHA-256, or its name where the browser gives no hash
 * @property {string | null} sha256 of the checkpoint file, hexadecimal
 * @property {string} name
 * @property {string} crateVersion of the program that wrote the checkpoint
 * @property {string[]} features in the order of the probabilities
 * @property {number[]} thresholds
 * @property {[number, number][]} unsure the band of doubt around each threshold; empty if none is known
 * @property {RiskRule | null} riskRule
 */

/**
 * A reading of a cell by a model, with its place and time.
 *
 * @typedef {object} Reading
 * @property {string} model its id
 * @property {number[]} probabilities
 * @property {string | null} notice a remark on how the image was taken in
 * @property {"webgpu" | "cpu"} device
 * @property {string | null} adapter
 * @property {string} program version of Karyolens
 * @property {string} time ISO 8601
 */

/**
 * A file that a person brings, or a drawing of the program. All cells of a source share this one
 * object. Two files of the same bytes are two sources.
 *
 * @typedef {object} Source
 * @property {number} id
 * @property {string} name as a person knows the file; for a folder, with its path
 * @property {Blob | null} bytes null where only a saved session was opened
 * @property {string | null} sha256 of the bytes, hexadecimal; null until it is known
 * @property {"cell-image" | "field"} kind
 * @property {boolean} isKindChosen whether a person has said the kind; else the picture tells it
 * @property {number | null} micrometresPerPixel of a field, as its file tells it or a person; null where nobody knows
 * @property {boolean} isScaleEstimated whether the scale was estimated by the size of red cells
 * @property {string} slide name of the slide that was photographed; empty where nobody knows it
 * @property {Contour[]} leftOut outlines of a field's objects that are no nuclei to be read; a person can bring one in
 * @property {{features: string[], seed: number} | null} synthetic the features that the program drew, and its seed
 */

/** Points `[x, y]` in pixels of the field; whole numbers are pixel centres. @typedef {[number, number][]} Contour */

/** Where a contour is from: a file, the program, or a person's hand. @typedef {"given" | "found" | "drawn"} Origin */

/** @typedef {"waiting" | "reading" | "done" | "failed" | "cancelled"} State */

/**
 * One nucleus. A cell image has one cell, a field has any number. Until the nuclei of a field are
 * outlined, one cell without a contour stands for all of them.
 *
 * @typedef {object} Cell
 * @property {number} id
 * @property {Source} source
 * @property {Contour | null} contour of the nucleus in a field; null in a cell image
 * @property {Origin | null} origin of the contour; null without one
 * @property {boolean} isEdited whether a person has changed the contour
 * @property {boolean} isConfirmed whether a person has found the contour right
 * @property {number | null} probability of a found contour, that a nucleus to be read lies there
 * @property {State} state
 * @property {string} failure why it could not be read
 * @property {Reading | null} reading
 * @property {Map<string, boolean>} corrections a person's calls, by feature
 */

/** Whether there is something to read: an opened session holds no bytes. @param {Cell} cell */
export function canRead({ source }) {
  return source.bytes !== null || source.synthetic !== null;
}

/** Whether a cell stands for a field whose nuclei are not outlined yet. @param {Cell} cell */
export function isUnoutlined({ source, contour }) {
  return source.kind === "field" && contour === null;
}

/** Whether a person has looked at the outline: found it right, changed it or drawn it. @param {Cell} cell */
export function isChecked({ isConfirmed, isEdited, origin }) {
  return isConfirmed || isEdited || origin === "drawn";
}

/** The file that shows a cell alone; null where its bytes are not at hand, or show a whole field. @param {Cell} cell */
export function pictureOf({ source: { kind, bytes } }) {
  return kind === "cell-image" ? bytes : null;
}

/** @param {Cell} cell */
export function canRetry(cell) {
  return ["failed", "cancelled"].includes(cell.state) && canRead(cell);
}

/** The kind of a cell's file by its name, such as `tiff`; empty where the name does not tell. @param {string} name */
export function formatOf(name) {
  return /\.(\w{1,5})$/.exec(name)?.[1] ?? "";
}
