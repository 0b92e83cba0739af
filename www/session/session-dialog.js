/** The dialog in which a session is saved, printed, opened and deleted. */

import { openDialog } from "../elements/dialog.js";
import { download, find, make, onPress } from "../elements/dom.js";
import { listing, moment, t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { printReport } from "../report/report.js";
import { downloadCsv, downloadJson } from "./downloads.js";
import { MOST_LETTERS } from "./read-records.js";
import { replaceSession } from "./restore.js";

/** @import { Format } from "../field/export/field-file.js" */
/** @import { Cell, Source } from "./cell.js" */
/** @import { Session } from "./session.js" */
/** @import { StorageState } from "./storage.js" */

/**
 * @typedef {object} Page
 * @property {Session} session
 * @property {() => string | null} program version of Karyolens
 * @property {(format: Format, field: Source) => Promise<{name: string, content: Blob}[]>} exportField
 * @property {() => Promise<void>} deleteEverything
 * @property {() => void} onGone the cells that were here are gone
 * @property {(cells: Cell[]) => void} onRestored cells have come back
 */

export class SessionDialog {
  #dialog;
  #page;

  /** @param {HTMLDialogElement} dialog @param {Page} page */
  constructor(dialog, page) {
    this.#dialog = dialog;
    this.#page = page;
    const { session, program, deleteEverything, onGone } = page;
    session.listen((change) => change === "cells" && this.#offerSaving());
    onPress(this.#button("#save-field"), () => this.#saveField());
    this.#offerSaving();
    onPress(this.#button("#save-csv"), () => this.#saved(() => downloadCsv(session)));
    onPress(this.#button("#save-json"), () => this.#saved(() => downloadJson(session, program())));
    onPress(this.#button("#print"), async () => {
      dialog.close();
      await printReport(session).catch((error) => {
        this.open();
        this.#say(messageOf(error), true);
      });
    });
    const field = find("#session-file", HTMLInputElement, dialog);
    onPress(this.#button("#open-session-file"), () => field.click());
    field.addEventListener("change", () => {
      const [file] = field.files ?? [];
      field.value = "";
      if (file) void this.openFile(file);
    });
    const question = find("#delete-surely", HTMLElement, dialog);
    onPress(this.#button("#delete-everything"), () => {
      question.hidden = false;
      this.#button("#delete-yes").focus();
    });
    onPress(this.#button("#delete-no"), () => {
      question.hidden = true;
      this.#button("#delete-everything").focus();
    });
    onPress(this.#button("#delete-yes"), async () => {
      question.hidden = true;
      try {
        onGone();
        await deleteEverything();
        this.#say(t("session.deleted"), false);
      } catch (error) {
        this.#say(messageOf(error), true);
      }
      this.#button("#delete-everything").focus();
    });
    dialog.addEventListener("close", () => {
      question.hidden = true;
    });
  }

  open() {
    this.#offerSaving();
    this.#say("", false);
    openDialog(this.#dialog);
  }

  /** Puts the session of a saved file in the place of this one. @param {File} file */
  async openFile(file) {
    const { session, onGone, onRestored } = this.#page;
    if (!this.#dialog.open) this.open();
    if (session.unsaved && !(await this.#confirmed())) return;
    try {
      // Before it is in memory; a letter takes four bytes at most.
      if (file.size > 4 * MOST_LETTERS) throw new Error(t("session.import.long", { most: MOST_LETTERS }));
      const cells = replaceSession(session, await file.text());
      onGone();
      onRestored(cells);
      this.#say(t("session.opened", { count: cells.length, name: file.name }), false);
    } catch (error) {
      this.#say(messageOf(error), true);
    }
  }

  /** Says whether the browser keeps the session. @param {StorageState} state @param {string} words */
  showStorage(state, words) {
    const line = find("#session-storage", HTMLElement, this.#dialog);
    line.dataset.state = state;
    line.textContent = words;
  }

  /** Asks before unsaved results give way. @returns {Promise<boolean>} */
  #confirmed() {
    const question = find("#replace-surely", HTMLElement, this.#dialog);
    question.hidden = false;
    this.#button("#replace-yes").focus();
    const { promise, resolve } = Promise.withResolvers();
    const done = new AbortController();
    const answer = (/** @type {boolean} */ yes) => {
      done.abort();
      question.hidden = true;
      this.#button("#open-session-file").focus();
      resolve(yes);
    };
    onPress(this.#button("#replace-yes"), () => answer(true), done.signal);
    onPress(this.#button("#replace-no"), () => answer(false), done.signal);
    this.#dialog.addEventListener("close", () => answer(false), { signal: done.signal });
    return promise;
  }

  async #saveField() {
    const { session, exportField } = this.#page;
    const [list, formats] = ["#exported-field", "#export-format"].map((id) => find(id, HTMLSelectElement, this.#dialog));
    const field = session.sources.find(({ id }) => String(id) === list.value);
    if (!field) return;
    try {
      const files = await exportField(/** @type {Format} */ (formats.value), field);
      for (const { name, content } of files) download(name, content);
      this.#say(t("export.saved", { name: listing(files.map(({ name }) => name)) }), false);
    } catch (error) {
      this.#say(messageOf(error), true);
    }
  }

  #offerSaving() {
    const fields = this.#page.session.sources.filter(({ kind, bytes }) => kind === "field" && bytes);
    find("#export-field", HTMLElement, this.#dialog).hidden = fields.length === 0;
    find("#exported-field", HTMLSelectElement, this.#dialog).replaceChildren(...fields.map(({ id, name }) => make("option", { value: String(id) }, name)));
    for (const button of this.#dialog.querySelectorAll("button")) {
      if ("needsCells" in button.dataset) button.disabled = this.#page.session.cells.length === 0;
    }
  }

  /** @param {() => void} save */
  #saved(save) {
    save();
    this.#say(t("session.saved", { time: moment(new Date()) }), false);
  }

  /** @param {string} text @param {boolean} failed */
  #say(text, failed) {
    const line = find("#session-message", HTMLElement, this.#dialog);
    line.textContent = text;
    line.dataset.failed = String(failed);
  }

  /** @param {string} selector */
  #button(selector) {
    return find(selector, HTMLButtonElement, this.#dialog);
  }
}
