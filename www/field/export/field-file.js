/** A field and its nuclei as files that a person keeps, or takes to another program. */

import { t } from "../../language/language.js";
import { inWords } from "../field-tip.js";
import { overlayPng, overlaySvg } from "./overlay.js";

/** @import { Contour as GivenContour } from "../../pkg/index.js" */
/** @import { Engine } from "../../reading/engine.js" */
/** @import { Pictures } from "../../reading/pictures.js" */
/** @import { Cell, Contour, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */
/** @import { Style } from "../colouring.js" */

/** The endings of the files; one of outlines is named so that it finds its photograph again. */
const ENDINGS = {
  detections: ".geojson",
  annotations: ".geojson",
  study: "_contours.json",
  "left-out": "_left_out.json",
  csv: "_nuclei.csv",
  png: "_outlines.png",
  svg: "_outlines.svg",
};
const TYPES = { detections: "application/geo+json", annotations: "application/geo+json", study: "application/json", "left-out": "application/json", csv: "text/csv;charset=utf-8" };

/** A form that a person chooses. @typedef {Exclude<keyof typeof ENDINGS, "left-out">} Format */

/**
 * The files of a field in a format: one, and for the study's program another one with the objects that are
 * left out, since that program takes every outline for a nucleus.
 *
 * @param {Format} format
 * @param {Source} field with its bytes
 * @param {Parameters<typeof fieldFile>[2]} parts
 */
export function fieldFiles(format, field, parts) {
  /** @type {(keyof typeof ENDINGS)[]} */
  const formats = format === "study" && field.leftOut.length > 0 ? [format, "left-out"] : [format];
  return Promise.all(formats.map((one) => fieldFile(one, field, parts)));
}

/**
 * @param {keyof typeof ENDINGS} format
 * @param {Source} field with its bytes
 * @param {object} parts
 * @param {Session} parts.session
 * @param {Engine} parts.engine
 * @param {Pictures} parts.pictures
 * @param {(cell: Cell) => Style} parts.styleOf its outline in a picture
 * @returns {Promise<{name: string, content: Blob}>}
 */
async function fieldFile(format, field, { session, engine, pictures, styleOf }) {
  if (!field.bytes) throw new Error(t("detail.no-picture"));
  const picture = await pictures.of(field.bytes, field.micrometresPerPixel);
  const nuclei = /** @type {(Cell & {contour: Contour})[]} */ (session.cells.filter(({ source, contour }) => source === field && contour));
  const stem = field.name.slice(field.name.lastIndexOf("/") + 1).replace(/\.[a-z]{2,4}$/i, "");
  const name = stem + ENDINGS[format];
  if (format === "png" || format === "svg") {
    const outlines = nuclei.map((cell) => ({
      contour: cell.contour,
      style: styleOf(cell),
      words: inWords(cell, session.numberOf(cell) ?? 0, session.decisionOf(cell)),
    }));
    return { name, content: await (format === "png" ? overlayPng(picture, outlines) : overlaySvg(picture, outlines, field.name)) };
  }
  const records = nuclei.map((cell) => recordOf(session, cell));
  const leftOut = field.leftOut.map((points) => ({ points }));
  const options = { format, name: stem, leftOut, isScaleEstimated: field.isScaleEstimated };
  const text = await engine.run((karyolens) => karyolens.writeContours(picture, records, options));
  return { name, content: new Blob([text], { type: TYPES[format] }) };
}

/** @param {Session} session @param {Cell & {contour: Contour}} cell @returns {GivenContour} */
function recordOf(session, cell) {
  const calls = session.decisionOf(cell)?.calls ?? [];
  return {
    id: String(session.numberOf(cell) ?? 0),
    points: cell.contour,
    origin: cell.origin ?? "given",
    changed: cell.isEdited,
    confirmed: cell.isConfirmed,
    probability: cell.probability,
    features: calls.map(({ name, probability, model, answer }) => ({ name, probability, call: model, answer })),
    model: session.modelOf(cell)?.sha256 ?? null,
  };
}
