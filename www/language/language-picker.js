/** The list from which a person chooses the page's language. */

import { LANGUAGES, chooseLanguage, currentLanguage, onLanguage } from "./language.js";

/** @import { Language } from "./language.js" */

/** @param {HTMLSelectElement} picker */
export function startLanguagePicker(picker) {
  picker.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => new Option(name, tag)));
  for (const option of picker.options) option.lang = option.value;
  picker.addEventListener("change", () => void chooseLanguage(/** @type {Language} */ (picker.value)));
  onLanguage(() => {
    picker.value = currentLanguage();
  });
}
