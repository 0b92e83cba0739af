/** Takes files: dropped anywhere on the page (folders too), pasted, or chosen. */

import { onPress } from "../elements/dom.js";

/** @import { PageElements } from "../elements/page-elements.js" */

/** A file, and its name with the folders it was found in. @typedef {{name: string, file: File}} Found */

/** Names of pictures. */
export const PICTURE = /\.(png|jpe?g|webp|tiff?|svs|bmp|avif|heic|heif)$/i;
/** Files that a system puts into folders for itself, such as macOS's `._cell.png`. */
const HIDDEN = /(?:^|\/)(?:\.|__MACOSX\/)/;
/** The name that browsers give to each pasted picture. */
const PASTED = "image.png";

/**
 * Calls `onFiles` with the files of a person: single files in their order, files of folders by name.
 * Calls `onNothing` after a drop or a paste without a picture, such as a link from another page or a
 * folder without pictures.
 *
 * @param {PageElements["intake"]} elements
 * @param {(found: Found[]) => void} onFiles
 * @param {() => void} onNothing
 */
export function listenForFiles({ choose, chooseFolder, files, folder }, onFiles, onNothing) {
  const take = (/** @type {Found[]} */ found) => (found.length > 0 ? onFiles(found) : onNothing());
  listenForDrops((drop) => void drop.then(take));

  let pasted = 0;
  const numbered = (/** @type {Found} */ found) =>
    (found.name === PASTED && ++pasted > 1 ? { ...found, name: PASTED.replace(".", ` (${pasted}).`) } : found);
  document.addEventListener("paste", (event) => {
    // A person pastes a text into a field.
    const isWriting = event.target instanceof Element && event.target.matches("input, textarea");
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 && isWriting) return;
    event.preventDefault();
    take(files.map(named).map(numbered));
  });

  listenForChoice(choose, files, (files) => onFiles(files.map(named)));
  listenForChoice(chooseFolder, folder, (files) => take(sorted(files.map(named).filter(isPicture))));
}

/** @param {HTMLButtonElement} button @param {HTMLInputElement} field @param {(files: File[]) => void} onChosen */
function listenForChoice(button, field, onChosen) {
  onPress(button, () => field.click());
  field.addEventListener("change", () => {
    const files = [...(field.files ?? [])];
    field.value = ""; // so that choosing the same files again is a change
    if (files.length > 0) onChosen(files);
  });
}

/** @param {(drop: Promise<Found[]>) => void} onDrop */
function listenForDrops(onDrop) {
  const page = document.documentElement;
  page.addEventListener("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    page.dataset.dragging = "";
  });
  page.addEventListener("dragleave", (event) => {
    // A move from one element of the page to another is no leaving.
    if (event.relatedTarget === null) delete page.dataset.dragging;
  });
  page.addEventListener("drop", (event) => {
    event.preventDefault();
    delete page.dataset.dragging;
    onDrop(filesOf([...(event.dataTransfer?.items ?? [])]));
  });
}

/** @param {DataTransferItem[]} items they can be read only during the event */
async function filesOf(items) {
  const found = items.filter((item) => item.kind === "file").map((item) => {
    const entry = item.webkitGetAsEntry();
    if (entry?.isDirectory) return filesIn(/** @type {FileSystemDirectoryEntry} */ (entry));
    const file = item.getAsFile();
    return file ? [named(file)] : [];
  });
  return (await Promise.all(found)).flat();
}

/** The pictures in a folder and those below it. @param {FileSystemDirectoryEntry} folder */
async function filesIn(folder) {
  /** @type {Found[]} */
  const found = [];
  const folders = [folder];
  for (let next = folders.pop(); next; next = folders.pop()) {
    for (const entry of await entriesOf(next)) {
      if (entry.isDirectory) folders.push(/** @type {FileSystemDirectoryEntry} */ (entry));
      else if (isPicture({ name: entry.fullPath })) {
        const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry)).catch(() => null);
        if (file) found.push({ name: entry.fullPath.replace(/^\//, ""), file });
      }
    }
  }
  return sorted(found);
}

/** @param {FileSystemDirectoryEntry} folder */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    // A reader gives a hundred at a time, and none when it is through.
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve) => {
      reader.readEntries(resolve, () => resolve([]));
    });
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** @param {File} file @returns {Found} */
function named(file) {
  return { name: file.webkitRelativePath || file.name, file };
}

/** Whether a file is taken from a folder; a single file is taken whatever its name. @param {{name: string}} found */
function isPicture({ name }) {
  return PICTURE.test(name) && !HIDDEN.test(name);
}

/** @param {Found[]} found */
function sorted(found) {
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return found.sort((a, b) => compare(a.name, b.name));
}
