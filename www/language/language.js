/**
 * The page's languages. All sentences are in LANGUAGE.json beside this script: a key, and a text with
 * {placeholders}. If a text depends on a count, `key.one` and `key.other` (the categories of
 * Intl.PluralRules) take the place of the key.
 *
 * In the markup `data-i18n="key"` names the text of an element, `data-i18n-ATTRIBUTE="key"` the text
 * of an attribute. The markup itself holds the English texts, so that the page can be read before a
 * file of texts is there.
 */

/** The languages that have a file, each with its own name. */
export const LANGUAGES = { en: "English", vi: "Tiếng Việt" };

/** @typedef {keyof typeof LANGUAGES} Language */

const FALLBACK = "en";
/** The key of a person's choice in localStorage. */
const CHOICE = "karyolens-language";

/** @type {Language} */
let language = FALLBACK;
/** @type {Record<string, string>} */
let texts = {};
/** @type {Record<string, string>} */
let fallbackTexts = {};
/** Counts the requests for a language: only the latest one is shown. */
let changes = 0;
/** @type {(() => void)[]} */
const listeners = [];
/** Formats that were made before: making one takes far longer than using it. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** Loads the language that a person chose before, else the first of the browser's languages that has a file. */
export async function startLanguage() {
  // Without them the page keeps the texts of index.html.
  fallbackTexts = await load(FALLBACK).catch(() => ({}));
  await use(chosen() ?? preferred());
}

/** The language of the page now. */
export function currentLanguage() {
  return language;
}

/** Changes the language and remembers it. @param {Language} wanted */
export async function chooseLanguage(wanted) {
  try {
    localStorage.setItem(CHOICE, wanted);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  await use(wanted);
}

/** Calls `listener` after each change of the language. @param {() => void} listener */
export function onLanguage(listener) {
  listeners.push(listener);
}

/**
 * The text of `key` in the page's language, else in English, else the key.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values] `count` chooses between singular and plural
 */
export function t(key, values = {}) {
  const { count } = values;
  const counted = typeof count === "number" ? `${key}.${new Intl.PluralRules(language).select(count)}` : key;
  const text = [counted, `${key}.other`, key].map(lookUp).find((found) => found !== undefined) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** The name of a feature in the page's language; a name without a translation stays. @param {string} name */
export function featureName(name) {
  return lookUp(`feature.${name}`) ?? name;
}

/** One sentence on what a feature looks like, for a student. @param {string} name */
export function featureMeaning(name) {
  return lookUp(`meaning.${name}`) ?? t("meaning.own", { name });
}

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options = {}) {
  const key = [language, ...Object.entries(options)].join();
  const format = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, format);
  return format.format(value);
}

/** A size in megabytes (a million bytes), to a tenth. @param {number} bytes */
export function megabytes(bytes) {
  return number(bytes / 1e6, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A date and time, for people. @param {string | number | Date} time */
export function moment(time) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

/** `a, b, c`. @param {string[]} words */
export function listing(words) {
  return new Intl.ListFormat(language, { type: "unit" }).format(words);
}

/**
 * In whole percent, or with as many digits as keep it on the right side of the threshold: 49.9 %
 * must not read as 50 % if 50 % would be present.
 *
 * @param {number} probability
 * @param {number} [threshold]
 */
export function percent(probability, threshold) {
  let digits = 0;
  const rounded = () => Number((100 * probability).toFixed(digits));
  if (threshold !== undefined) {
    while (digits < 4 && (rounded() >= 100 * threshold) !== (probability >= threshold)) digits++;
  }
  return `${number(rounded(), { minimumFractionDigits: digits, maximumFractionDigits: digits })} %`;
}

/** Puts the texts into all elements within `root` that name one. @param {ParentNode} root */
export function translate(root) {
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (!name.startsWith("data-i18n") || lookUp(value) === undefined) continue;
      if (name === "data-i18n") element.textContent = t(value);
      else element.setAttribute(name.slice("data-i18n-".length), t(value));
    }
  }
}

/** @param {string} key */
function lookUp(key) {
  return texts[key] ?? fallbackTexts[key];
}

/** @param {Language} wanted */
async function use(wanted) {
  const change = ++changes;
  const loaded = await load(wanted).catch(() => null);
  if (change !== changes) return; // another was chosen meanwhile
  texts = loaded ?? fallbackTexts;
  language = loaded ? wanted : FALLBACK;
  document.documentElement.lang = language;
  translate(document);
  for (const template of document.querySelectorAll("template")) translate(template.content);
  for (const listener of listeners) listener();
}

/** @param {Language} wanted @returns {Promise<Record<string, string>>} */
async function load(wanted) {
  if (wanted === FALLBACK && Object.keys(fallbackTexts).length > 0) return fallbackTexts;
  const response = await fetch(new URL(`./${wanted}.json`, import.meta.url));
  if (!response.ok) throw new Error(`the texts in ${LANGUAGES[wanted]} could not be fetched`);
  return response.json();
}

/** @returns {Language | undefined} */
function chosen() {
  try {
    const choice = localStorage.getItem(CHOICE);
    return isLanguage(choice) ? choice : undefined;
  } catch {
    return undefined;
  }
}

/** @returns {Language} */
function preferred() {
  const wanted = navigator.languages.map((tag) => tag.split("-")[0]);
  return wanted.find(isLanguage) ?? FALLBACK;
}

/** @param {string | null} tag @returns {tag is Language} */
function isLanguage(tag) {
  return tag !== null && Object.hasOwn(LANGUAGES, tag);
}
