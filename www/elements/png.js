/** A picture as a canvas, and as a PNG file. */

import { t } from "../language/language.js";

/** @import { Picture } from "../pkg/index.js" */

/** @param {Pick<Picture, "pixels" | "width" | "height">} picture @throws {Error} where the browser has no canvas so large */
export function canvasOf({ pixels, width, height }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error(t("export.too-large"));
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return { canvas, context };
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} @throws {Error} where the browser has no memory for it */
export function pngOfCanvas(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("export.too-large")))), "image/png");
  });
}

/** @param {Pick<Picture, "pixels" | "width" | "height">} picture */
export function pngOf(picture) {
  return pngOfCanvas(canvasOf(picture).canvas);
}
