/**
 * Checks of single values from outside, such as an entry of an opened file. Each returns the value
 * with its type, or throws a sentence for people that names the place and the value.
 */

import { t } from "../language/language.js";

export const MOST_FEATURES = 1_000;
const LONGEST_TEXT = 10_000;
/** A message shows so much of a wrong value. */
const SHOWN_LETTERS = 60;

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * An object of values by feature, as a map: so no name of a feature is taken for a property.
 *
 * @template T
 * @param {unknown} value
 * @param {string} place
 * @param {(value: unknown, place: string) => T} read
 * @returns {Map<string, T>}
 */
export function readMap(value, place, read) {
  if (!isObject(value)) throw wrong(place, value, "object");
  const found = Object.entries(value);
  if (found.length > MOST_FEATURES) throw tooMany(place, found.length, MOST_FEATURES);
  return new Map(found.map(([name, one]) => [text(name, place), read(one, `${place}.${shortened(name)}`)]));
}

/**
 * The entries of an object that has these keys, and no others but those that may be there.
 *
 * @template {string} Key
 * @template {string} [Optional=never]
 * @param {unknown} value
 * @param {string} place
 * @param {readonly Key[]} keys
 * @param {readonly Optional[]} [optional]
 * @returns {Record<Key, unknown> & Partial<Record<Optional, unknown>>}
 */
export function entries(value, place, keys, optional = []) {
  if (!isObject(value)) throw wrong(place, value, "object");
  const before = place === "" ? "" : `${place}.`;
  const known = new Set([...keys, ...optional].map(String));
  const stranger = Object.keys(value).find((key) => !known.has(key));
  if (stranger !== undefined) throw new Error(t("session.import.unknown", { place: before + shortened(stranger) }));
  for (const key of keys) if (!Object.hasOwn(value, key)) throw new Error(t("session.import.missing", { place: before + key }));
  return /** @type {Record<Key, unknown> & Partial<Record<Optional, unknown>>} */ (value);
}

/** @param {unknown} value @param {string} place @param {number} most @returns {unknown[]} */
export function list(value, place, most) {
  if (!Array.isArray(value)) throw wrong(place, value, "list");
  if (value.length > most) throw tooMany(place, value.length, most);
  return value;
}

/** Different names that are not empty. @param {unknown} value @param {string} place */
export function names(value, place) {
  const found = list(value, place, MOST_FEATURES).map((name, index) => text(name, `${place}[${index}]`));
  found.forEach((name, index) => {
    if (name === "" || found.indexOf(name) < index) throw wrong(`${place}[${index}]`, name, "new");
  });
  return found;
}

/** @param {unknown} value @param {string} place @param {number} length */
export function fractions(value, place, length) {
  const found = list(value, place, MOST_FEATURES);
  ofLength(found, place, length);
  return found.map((one, index) => fraction(one, `${place}[${index}]`));
}

/** @param {unknown[]} found @param {string} place @param {number} length */
export function ofLength(found, place, length) {
  if (found.length !== length) {
    throw new Error(t("session.import.length", { place, found: found.length, wanted: length }));
  }
  return found;
}

/** A whole number from 0 on. @param {unknown} value @param {string} place */
export function whole(value, place) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw wrong(place, value, "whole");
  return value;
}

/** @param {unknown} value @param {string} place */
export function fraction(value, place) {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw wrong(place, value, "fraction");
  return value;
}

/** @param {unknown} value @param {string} place */
export function finite(value, place) {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(place, value, "number");
  return value;
}

/** @param {unknown} value @param {string} place */
export function positive(value, place) {
  if (typeof value !== "number" || !(value > 0 && value < Infinity)) throw wrong(place, value, "positive");
  return value;
}

/** @param {unknown} value @param {string} place */
export function flag(value, place) {
  if (typeof value !== "boolean") throw wrong(place, value, "flag");
  return value;
}

/** @param {unknown} value @param {string} place */
export function text(value, place) {
  if (typeof value !== "string") throw wrong(place, value, "text");
  if (value.length > LONGEST_TEXT) throw tooMany(place, value.length, LONGEST_TEXT);
  return value;
}

/** @param {unknown} value @param {string} place */
export function hash(value, place) {
  const found = text(value, place);
  if (!HASH.test(found)) throw wrong(place, value, "hash");
  return found;
}

/** @param {unknown} value @param {string} place */
export function moment(value, place) {
  const found = text(value, place);
  if (!TIME.test(found) || Number.isNaN(Date.parse(found))) throw wrong(place, value, "time");
  return found;
}

/** @template {string} T @param {unknown} value @param {string} place @param {readonly T[]} allowed @returns {T} */
export function oneOf(value, place, allowed) {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(t("session.import.choice", { place, value: shown(value), allowed: allowed.join(", ") }));
  return found;
}

/**
 * @template T
 * @param {unknown} value
 * @param {string} place
 * @param {(value: unknown, place: string) => T} read
 */
export function orNull(value, place, read) {
  return value === null ? null : read(value, place);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} place where in the file
 * @param {unknown} value that stands there
 * @param {"object" | "list" | "text" | "number" | "positive" | "fraction" | "flag" | "hash" | "time" | "whole" | "band" | "new" | "model" | "reading" | "source" | "alone" | "none" | "outline"} expected
 */
export function wrong(place, value, expected) {
  return new Error(t("session.import.wrong", { place, value: shown(value), expected: t(`session.import.expected.${expected}`) }));
}

/** @param {string} place @param {number} found @param {number} most */
function tooMany(place, found, most) {
  return new Error(t("session.import.many", { place, found, most }));
}

/** @param {unknown} value */
export function shown(value) {
  if (value === undefined) return t("session.import.nothing");
  // A list or an object is named, not written out: it may be of any size.
  if (typeof value === "object" && value !== null) return t(Array.isArray(value) ? "session.import.a-list" : "session.import.an-object");
  return shortened(typeof value === "string" ? `“${value}”` : String(value));
}

/** @param {string} text */
function shortened(text) {
  return text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text;
}
