/** Measurements in words: their names, and values with their units, in micrometres where the scale is known. */

import { number, t } from "../language/language.js";

/** @import { Measurement } from "../pkg/index.js" */

const DIGITS = { maximumSignificantDigits: 3 };

/** @param {string} name of a measurement */
export function measurementName(name) {
  return t(`measurement.${name}`);
}

/**
 * @param {Measurement["unit"]} unit
 * @param {number} value lengths and areas in pixels
 * @param {number | null} scale micrometres for a pixel
 */
export function inUnit(unit, value, scale) {
  const length = scale === null ? "px" : "µm";
  const factor = scale ?? 1;
  switch (unit) {
    case "length": return `${number(value * factor, DIGITS)} ${length}`;
    case "area": return `${number(value * factor * factor, DIGITS)} ${length}²`;
    case "radians": return `${number((value * 180) / Math.PI, { maximumFractionDigits: 0 })}°`;
    case "grey levels": return t("measurement.grey-levels", { value: number(value, DIGITS) });
    case "ratio": return number(value, DIGITS);
  }
}
