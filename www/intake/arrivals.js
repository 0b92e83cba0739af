/**
 * Sorts the files that a person brings by their content (file-kind.js). A name counts only where the
 * content is nothing that Karyolens takes: a file that is called a picture gets a row in the table,
 * with the reason in it, and a file that is called a checkpoint goes to the dialog of the models.
 */

import { t } from "../language/language.js";
import { PICTURE } from "./file-intake.js";
import { FIRST_BYTES, kindOf, kindOfJson } from "./file-kind.js";

/** @import { Found } from "./file-intake.js" */
/** @import { FileKind } from "./file-kind.js" */

/**
 * A file that is not taken, or not wholly: the key of the text that says why, and the values in the text.
 *
 * @typedef {{name: string, reason: string, values: Record<string, string>}} Refusal
 */

/**
 * @typedef {object} Arrivals
 * @property {Found[]} pictures for rows in the table; some of them may not be readable
 * @property {Found[]} slides that may be too large to be read at once
 * @property {Found[]} contours of the nuclei of fields
 * @property {File | null} session to be opened
 * @property {File | null} checkpoint to be opened
 * @property {Refusal[]} refused
 */

/** The names of models; the dialog for models says why one of these is none. */
const CHECKPOINT = /\.safetensors$/i;
/** The kinds that the page takes. @type {ReadonlySet<string>} */
const TAKEN = new Set(["picture", "session", "checkpoint", "contours", "geojson"]);
/** The kinds that get a row in the table; a row says why it is not read. @type {ReadonlySet<string>} */
const PICTURES = new Set(["picture", "other-picture", "slide"]);
/** The formats of slides. */
const SLIDES = new Set(["TIFF", "BigTIFF"]);
/** In bytes: a smaller file holds no picture that is too large, as a rule, and says so where it does. */
const LEAST_SLIDE = 2 ** 20;
/** The number of bytes that tell whether a session has its end. */
const LAST_BYTES = 64;
/** Larger JSON is not read to tell its kind; in bytes. */
const LARGEST_JSON = 64 * 2 ** 20;

/** @param {Found[]} found @returns {Promise<Arrivals>} */
export async function sortArrivals(found) {
  /** @type {Arrivals} */
  const arrivals = { pictures: [], slides: [], contours: [], session: null, checkpoint: null, refused: [] };
  const kinds = await Promise.all(found.map(({ file }) => kindOfFile(file)));
  for (const [index, one] of found.entries()) {
    const { kind, format } = kinds[index];
    const refuse = (/** @type {string} */ reason) => arrivals.refused.push({ name: one.name, reason: `refused.${reason}`, values: { format } });
    const open = (/** @type {"session" | "checkpoint"} */ what) => {
      if (arrivals[what]) refuse(`second-${what}`);
      else arrivals[what] = one.file;
    };
    if (SLIDES.has(format) && one.file.size >= LEAST_SLIDE) arrivals.slides.push(one);
    else if (PICTURES.has(kind)) arrivals.pictures.push(one);
    else if (kind === "contours" || kind === "geojson") arrivals.contours.push(one);
    else if (kind === "session") open("session");
    else if (kind === "checkpoint" || CHECKPOINT.test(one.name)) open("checkpoint");
    else if (PICTURE.test(one.name)) arrivals.pictures.push(one);
    else refuse(kind);
  }
  return arrivals;
}

/** Why a file in the table is no picture that can be read; null where its kind does not say why. @param {Blob} file */
export async function refusalOf(file) {
  const { kind, format } = await kindOfFile(file);
  return TAKEN.has(kind) ? null : t(`refused.${kind}`, { format });
}

/** @param {Blob} file @returns {Promise<FileKind | {kind: "unreadable", format: ""}>} */
async function kindOfFile(file) {
  try {
    const bytes = new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer());
    const found = kindOf(bytes, file.size);
    if (found.kind === "session" && !(await endsAsObject(file))) return { kind: "broken-json", format: "" };
    if (found.kind !== "json" || file.size > LARGEST_JSON) return found;
    return { kind: kindOfText(await file.text()), format: "" };
  } catch {
    return { kind: "unreadable", format: "" };
  }
}

/** Whether a file ends as an object does in JSON; a copy that broke off mostly does not. @param {Blob} file */
async function endsAsObject(file) {
  return /\}\s*$/.test(await file.slice(-LAST_BYTES).text());
}

/** @param {string} text that begins like JSON */
function kindOfText(text) {
  try {
    return kindOfJson(JSON.parse(text));
  } catch {
    return "broken-json";
  }
}
