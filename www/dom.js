/**
 * Finds the element that `selector` names; the page without it is a mistake of ours.
 *
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [within]
 * @returns {T}
 */
export function find(selector, type, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} ${selector}`);
  return element;
}

/**
 * A fresh copy of the one element inside a template.
 *
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function fromTemplate(selector) {
  const first = find(selector, HTMLTemplateElement).content.firstElementChild;
  if (!(first instanceof HTMLElement)) throw new Error(`the template ${selector} is empty`);
  return /** @type {HTMLElement} */ (document.importNode(first, true));
}

/** What an error says to a person. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
