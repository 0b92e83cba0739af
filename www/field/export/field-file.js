/** A field and its nuclei as a file that a person keeps, or takes to another program. */

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
  csv: "_nuclei.csv",
  png: "_outlines.png",
  svg: "_outlines.svg",
};
const TYPES = { detections: "application/geo+json", annotations: "application/geo+json", study: "application/json", csv: "text/csv;charset=utf-8" };

/** @typedef {keyof typeof ENDINGS} Format */

/**
 * @param {Format} format
 * @param {Source} field with its bytes
 * @param {object} parts
 * @param {Session} parts.session
 * @param {Engine} parts.engine
 * @param {Pictures} parts.pictures
 * @param {(cell: Cell) => Style} parts.styleOf its outline in a picture
 * @returns {Promise<{name: string, content: Blob}>}
 */
export async function fieldFile(format, field, { session, engine, pictures, styleOf }) {
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
  const text = await engine.run((karyolens) => karyolens.writeContours(picture, records, { format, name: stem }));
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
    features: calls.map(({ name, probability, model, answer }) => ({ name, probability, call: model, answer })),
    model: session.modelOf(cell)?.sha256 ?? null,
  };
}
