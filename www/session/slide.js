/**
 * Guesses from a file's name which slide was photographed. Files of one slide mostly share the
 * beginning of their names; the number of the picture comes last. A person can correct the guess.
 */

/** Names of a picture in general; a camera puts them first. */
const PICTURE_WORD = "(?:anh|ảnh|hinh|hình|image|img|picture|pic|photo|dsc|dscn)";
/** Folders that say how files are used, not where they come from. */
const GENERAL_FOLDER = /^(?:images?|pictures?|photos?|fields?|cells?|crops?|data|train|val|valid|validation|test|exports?|downloads?|\d+x?)$/iu;

/** The place of a part, as QuPath and this page name parts of a slide; before it stands the slide's whole name. */
const PART = /\s*\[x=\d+,y=\d+,w=\d+,h=\d+\](?:\.\w{1,5})?$/u;
const ENDING = /\.\w{1,5}$/u;
const CELL = /[\s_.-]*cell[\s_.-]*\d+$/iu;
/** `_12`, ` 12`, ` (12)`. A hyphen belongs to the number of a case, such as S24-1234. */
const LAST_NUMBER = /(?:[\s_]+\d+|[\s_]*\(\d+\))$/u;
/** Of an objective, as in `B5_40x`, `B640x` or `B5 x40`. */
const MAGNIFICATION = /(?:[\s_]*x[\s_]?(?:4|10|20|40|60|63|100)|[\s_]+(?:4|10|20|40|60|63|100)[\s_]?x|(?<=\p{L}\d)(?:4|10|20|40|60|63|100)x)$/iu;
/** Before a name with a number, as in `AnhB6`. */
const LEADING_WORD = new RegExp(`^${PICTURE_WORD}[\\s_-]*(?=\\p{L}.*\\d)`, "iu");
const ONLY_WORD = new RegExp(`^${PICTURE_WORD}$`, "iu");

/**
 * The file's name without its ending, the number of a cell, the number of the picture, the
 * magnification and a word such as "Image" in front. Where nothing else is in the name, the nearest
 * folder with a name of its own. Empty where neither tells anything.
 *
 * @param {string} name of the file, with its folders
 */
export function guessSlide(name) {
  const folders = name.normalize("NFC").split(/[/\\]/u);
  const named = folders.pop() ?? "";
  const file = named.replace(PART, "").replace(ENDING, "");
  // A part's slide is the file that it was cut out of.
  if (PART.test(named)) return file.trim();
  const own = [CELL, LAST_NUMBER, MAGNIFICATION, LEADING_WORD].reduce((rest, part) => rest.replace(part, ""), file.trim()).trim();
  if (/\p{L}/u.test(own) && !ONLY_WORD.test(own)) return own;
  const folder = folders.reverse().find((one) => one.trim() !== "" && !GENERAL_FOLDER.test(one.trim()));
  return folder?.trim() ?? (/\p{L}/u.test(own) ? own : "");
}
