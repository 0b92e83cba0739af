/** The dialog in which a session is saved, printed, opened and deleted, and the line that says whether the browser keeps it. */

import { openDialog } from "../elements/dialog.js";
import { find, messageOf, onPress } from "../elements/dom.js";
import { moment, t } from "../language/language.js";
import { printReport } from "../report/report.js";
import { downloadCsv, downloadJson } from "./downloads.js";
import { MOST_LETTERS } from "./read-records.js";
import { replaceSession } from "./restore.js";
import { openStorage } from "./storage.js";

/** @import { Cell, Session } from "./session.js" */

/** States of the storage in which something is lost with the page. */
const WARNED = ["off", "second-tab", "full"];

const dialog = find("#keep", HTMLDialogElement);
const message = find("#keep-message", HTMLElement);

/**
 * Keeps the session, and brings back the one that the browser has kept.
 *
 * @param {Session} session
 * @param {object} page
 * @param {() => string | null} page.program version of Karyolens
 * @param {() => void} page.onGone the cells that were here are gone
 * @param {(cells: Cell[]) => void} page.onRestored of cells that came back
 */
export async function startKeeping(session, { program, onGone, onRestored }) {
  const storage = openStorage(session, {
    onState: (state, reason) => {
      const line = find("#kept", HTMLElement);
      line.dataset.state = state;
      line.textContent = reason ? `${t(`kept.${state}`)} ${reason}` : t(`kept.${state}`);
      // What is lost with the page is said outside of the dialog, too.
      const opener = find("#open-keep", HTMLButtonElement);
      opener.dataset.kept = state;
      opener.title = WARNED.includes(state) ? line.textContent : "";
    },
  });
  session.listen((change) => change === "cells" && offerSaving());
  offerSaving();
  onPress("#open-keep", show);
  onPress("#save-csv", () => saved(() => downloadCsv(session)));
  onPress("#save-json", () => saved(() => downloadJson(session, program())));
  onPress("#print", async () => {
    dialog.close();
    await printReport(session).catch((error) => {
      show();
      say(messageOf(error), true);
    });
  });
  const field = find("#session-file", HTMLInputElement);
  onPress("#open-session", () => field.click());
  field.addEventListener("change", () => {
    const [file] = field.files ?? [];
    field.value = "";
    if (file) void open(file);
  });
  onPress("#delete-everything", () => {
    find("#delete-surely", HTMLElement).hidden = false;
    find("#delete-yes", HTMLButtonElement).focus();
  });
  onPress("#delete-no", () => {
    find("#delete-surely", HTMLElement).hidden = true;
    find("#delete-everything", HTMLButtonElement).focus();
  });
  onPress("#delete-yes", async () => {
    find("#delete-surely", HTMLElement).hidden = true;
    try {
      onGone();
      await storage.deleteEverything();
      say(t("keep.deleted"), false);
    } catch (error) {
      say(messageOf(error), true);
    }
    find("#delete-everything", HTMLButtonElement).focus();
  });
  dialog.addEventListener("close", () => {
    find("#delete-surely", HTMLElement).hidden = true;
  });

  const restored = await storage.restore();
  if (restored.length > 0) onRestored(restored);
  return { open };

  /** Puts the session of an exported file in the place of this one. @param {File} file */
  async function open(file) {
    if (!dialog.open) show();
    if (session.unsaved && !(await confirmed())) return;
    try {
      // Before it is in memory; a letter takes four bytes at most.
      if (file.size > 4 * MOST_LETTERS) throw new Error(t("keep.import.long", { most: MOST_LETTERS }));
      const cells = replaceSession(session, await file.text());
      onGone();
      onRestored(cells);
      say(t("keep.opened", { count: cells.length, name: file.name }), false);
    } catch (error) {
      say(messageOf(error), true);
    }
  }

  /** Asks before unsaved results give way. @returns {Promise<boolean>} */
  function confirmed() {
    const question = find("#replace-surely", HTMLElement);
    question.hidden = false;
    find("#replace-yes", HTMLButtonElement).focus();
    const { promise, resolve } = Promise.withResolvers();
    const done = new AbortController();
    const answer = (/** @type {boolean} */ yes) => {
      done.abort();
      question.hidden = true;
      find("#open-session", HTMLButtonElement).focus();
      resolve(yes);
    };
    const { signal } = done;
    find("#replace-yes", HTMLElement).addEventListener("click", () => answer(true), { signal });
    find("#replace-no", HTMLElement).addEventListener("click", () => answer(false), { signal });
    dialog.addEventListener("close", () => answer(false), { signal });
    return promise;
  }

  function offerSaving() {
    for (const button of dialog.querySelectorAll("button")) {
      if ("needsCells" in button.dataset) button.disabled = session.cells.length === 0;
    }
  }

  /** @param {() => void} save */
  function saved(save) {
    save();
    say(t("keep.saved", { time: moment(new Date()) }), false);
  }
}

function show() {
  say("", false);
  openDialog("#keep");
}

/** @param {string} text @param {boolean} failed */
function say(text, failed) {
  message.textContent = text;
  message.dataset.failed = String(failed);
}
