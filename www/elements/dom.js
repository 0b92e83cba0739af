/** Small functions on the document that every part of the page uses. */

/**
 * Finds the element that `selector` names; the markup must have it.
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
 * @param {HTMLTemplateElement} template
 * @returns {HTMLElement}
 */
export function copyOf(template) {
  const first = template.content.firstElementChild;
  if (!(first instanceof HTMLElement)) throw new Error(`the template ${template.id} is empty`);
  return /** @type {HTMLElement} */ (document.importNode(first, true));
}

/**
 * A new element: text is text, never parsed as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Calls `action` when the button is pressed.
 *
 * @param {HTMLButtonElement} button
 * @param {() => unknown} action
 * @param {AbortSignal} [until] no longer listens once it aborts
 */
export function onPress(button, action, until) {
  button.addEventListener("click", () => void action(), { signal: until });
}

/** Hands a person a file to save. @param {string} name @param {Blob} content */
export function download(name, content) {
  const address = URL.createObjectURL(content);
  make("a", { href: address, download: name }).click();
  // Some browsers read the address only after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** The shortest pause between two calls, in milliseconds. */
const LEAST_PAUSE = 100;
/** The share of the time that the calls may take, so that they do not slow the work that they show. */
const SHARE_OF_TIME = 1 / 10;

/**
 * Calls `action` at once after a rest, then now and then, however often the result is called: for
 * showing a state that changes all the time.
 *
 * @param {() => void} action
 */
export function nowAndThen(action) {
  let asked = false;
  let earliest = 0;
  const act = () => {
    asked = false;
    const start = performance.now();
    action();
    const end = performance.now();
    earliest = end + Math.max(LEAST_PAUSE, (end - start) / SHARE_OF_TIME);
  };
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => requestAnimationFrame(act), earliest - performance.now());
  };
}

/** Calls `action` at most once before the next paint, however often the result is called. @param {() => void} action */
export function oncePerFrame(action) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      action();
    });
  };
}

/** Calls `action` when the page has nothing else to do. @param {() => unknown} action */
export function whenIdle(action) {
  // Safari has no such call.
  if ("requestIdleCallback" in globalThis) requestIdleCallback(() => void action());
  else setTimeout(action);
}

/**
 * The digit from 1 to 9 of a key, by the key's place: Vietnamese and French layouts have letters there.
 *
 * @param {KeyboardEvent} event
 */
export function digitOf({ code }) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  return digit === undefined ? null : Number(digit);
}
