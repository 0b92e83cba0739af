/** A field with its outlines as a picture of full size: PNG, or SVG whose outlines are lines with words. */

import { canvasOf, pngOf, pngOfCanvas } from "../../elements/png.js";
import { STYLES } from "../colouring.js";
import { Outlines } from "../outlines.js";

/** @import { Picture } from "../../pkg/index.js" */
/** @import { Contour } from "../../session/cell.js" */
/** @import { Style } from "../colouring.js" */

/** @typedef {{contour: Contour, style: Style, words: string}} Outline */

/** @param {Picture} picture @param {Outline[]} outlines */
export async function overlayPng(picture, outlines) {
  const { canvas, context } = canvasOf(picture);
  const lines = new Outlines();
  lines.set(outlines);
  // Whole numbers are the centres of pixels.
  context.translate(0.5, 0.5);
  lines.draw(context, 1, { left: 0, top: 0, right: picture.width, bottom: picture.height });
  return pngOfCanvas(canvas);
}

/** @param {Picture} picture @param {Outline[]} outlines @param {string} title */
export async function overlaySvg(picture, outlines, title) {
  const { width, height } = picture;
  const photograph = await addressOf(await pngOf(picture));
  const paths = outlines.map(({ contour, style, words }) => {
    const { colour, width: thickness, dash } = STYLES[style];
    const way = contour.map((point) => point.map((value) => Number(value.toFixed(2))).join(" ")).join("L");
    return `<path d="M${way}Z" stroke="${colour}" stroke-width="${thickness}"${dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""}><title>${escaped(words)}</title></path>\n`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n<title>${escaped(title)}</title>\n` +
    `<image href="${photograph}" width="${width}" height="${height}"/>\n<g fill="none" stroke-linejoin="round" transform="translate(0.5 0.5)">\n${paths.join("")}</g>\n</svg>\n`;
  return new Blob([svg], { type: "image/svg+xml" });
}

/** @param {Blob} blob @returns {Promise<string>} its content as an address */
function addressOf(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
