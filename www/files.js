/** The three ways in for files: dropped anywhere, pasted, chosen. */

import { find } from "./dom.js";

/**
 * Calls `onFiles` with what a person gives, in their order; never with an empty list.
 * `onNothing` hears of a drop that held no file, such as a picture dragged from another page.
 *
 * @param {(files: File[]) => void} onFiles
 * @param {() => void} onNothing
 */
export function listenForFiles(onFiles, onNothing) {
  listenForDrops(onFiles, onNothing);

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });

  const input = find("#files", HTMLInputElement);
  find("#choose", HTMLButtonElement).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = ""; // so that choosing the same files again is a change
    if (files.length > 0) onFiles(files);
  });
}

/**
 * @param {(files: File[]) => void} onFiles
 * @param {() => void} onNothing
 */
function listenForDrops(onFiles, onNothing) {
  const page = document.documentElement;
  page.addEventListener("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    page.dataset.dragging = "";
  });
  page.addEventListener("dragleave", (event) => {
    // Leaving one element for another inside the page is no leaving.
    if (event.relatedTarget === null) delete page.dataset.dragging;
  });
  page.addEventListener("drop", (event) => {
    event.preventDefault();
    delete page.dataset.dragging;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
    else onNothing();
  });
}
