/**
 * Keeps the session in the browser's own database, so that it survives a reload: a record for each
 * cell, its picture, and the rules. Only what has changed is written, in small pieces, soon after
 * the change. One tab keeps at a time: a lock tells the others that they do not.
 *
 * Knows nothing of the page but its session; what a person should know goes to `onState`.
 */

import { messageOf } from "../pkg/message.js";
import { answer, deleteDatabase, openDatabase, storesOf, STORES } from "./database.js";
import { cellRecord, rulesRecord } from "./records.js";
import { onLanguage, t } from "../language/language.js";
import { readRecords } from "./read-records.js";

/** @import { Cell, Session } from "./session.js" */

/**
 * How it stands: all is kept, a change is about to be, nothing is (and why), another tab keeps its
 * own, or there is no more room.
 *
 * @typedef {"kept" | "keeping" | "off" | "second-tab" | "full"} KeepState
 */

const RULES = "rules";
const LOCK = "karyolens-session";
/** What the names of our entries in localStorage begin with. */
const OUR_ENTRIES = "karyolens-";

/** So many ms after a change it is written, with all that changed meanwhile. */
const DELAY = 500;
/** A page that is reloaded gets the lock from itself: it takes a moment until the old one is gone. */
const PATIENCE_FOR_LOCK = 1000;
/** Records in one transaction: some 2 ms of this thread, and then others may have it. */
const BATCH = 50;

/**
 * A cell as it was last written. Everything of a cell but its corrections is replaced, never
 * changed inside, so that comparing references tells what is new.
 *
 * @typedef {Omit<Cell, "corrections"> & {corrections: string}} Written
 */

/**
 * Keeps `session` from the time that `restore` is called.
 *
 * @param {Session} session
 * @param {{onState: (state: KeepState, reason: string) => void}} options hears of each change, and again in
 *   another language; the reason is a sentence, or empty
 */
export function openStorage(session, { onState }) {
  const keeper = new Keeper(session, onState);
  return {
    /** Puts the kept session into this one and gives the cells that came back. Never rejects. */
    restore: () => keeper.restore(),
    /**
     * Empties the session and deletes all that was kept of it, here and by other tabs, and the
     * page's settings.
     *
     * @throws {Error} where the browser does not let go of it
     */
    deleteEverything: () => keeper.deleteEverything(),
  };
}

class Keeper {
  #session;
  #onState;
  /** Whether this tab is the one that keeps. */
  #keeps = false;
  /** Made when there is something to keep. @type {IDBDatabase | null} */
  #database = null;
  /** @type {Map<Cell, Written>} */
  #written = new Map();
  /** Cells whose picture could not be kept, and why. @type {Map<Cell, unknown>} */
  #pictureless = new Map();
  #writtenRules = "";
  /** In the order of the session, which is the order of coming back. @type {WeakMap<Cell, number>} */
  #keys = new WeakMap();
  #nextKey = 1;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What is being done; the next thing waits for it. @type {Promise<unknown>} */
  #work = Promise.resolve();
  /** Counts the times that saving was asked for. */
  #asked = 0;
  /** Counts the times that everything was deleted: what was being written before then stops. */
  #era = 0;
  /** What `onState` heard last. @type {{state: KeepState, key: string, values: Record<string, string | number>} | null} */
  #told = null;

  /** @param {Session} session @param {(state: KeepState, reason: string) => void} onState */
  constructor(session, onState) {
    this.#session = session;
    this.#onState = onState;
    session.listen((change) => {
      if (change !== "selection") this.#changed();
    });
    onLanguage(() => this.#say());
    // The last chance: the page may be closed without another word.
    addEventListener("pagehide", () => this.#saveNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#saveNow();
    });
  }

  /** @returns {Promise<Cell[]>} */
  async restore() {
    if (!globalThis.indexedDB || !navigator.locks) {
      this.#tell("off", "keep.off.missing");
      return [];
    }
    if (!(await takeLock())) {
      this.#tell("second-tab", "keep.second-tab");
      return [];
    }
    const restoring = this.#work.then(() => this.#restore());
    this.#work = restoring;
    return restoring;
  }

  async #restore() {
    try {
      const database = await openDatabase({ create: false });
      const restored = database ? await this.#takeOver(database) : [];
      this.#keeps = true;
      this.#tell("kept");
      this.#changed();
      return restored;
    } catch (error) {
      // What cannot be read is not overwritten either.
      this.#tell("off", "keep.off.unread", { reason: messageOf(error) });
      return [];
    }
  }

  async deleteEverything() {
    this.#session.clear();
    this.#session.resetThresholds();
    this.#era++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const deleting = this.#work.then(async () => {
      this.#forget();
      if (globalThis.indexedDB) await deleteDatabase();
      deleteEntries();
      // What could not be read is out of the way now.
      if (this.#told?.key === "keep.off.unread") this.#keeps = true;
      if (!this.#keeps) return;
      this.#tell("kept");
      this.#changed();
    });
    this.#work = deleting.catch(() => {});
    await deleting;
  }

  #changed() {
    if (!this.#keeps || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#saveNow(), DELAY);
    // A fault stays in sight until something could be kept again.
    if (this.#told?.state === "kept" && this.#told.key === "") this.#tell("keeping");
  }

  #saveNow() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked++;
    this.#work = this.#work.then(() => this.#save());
  }

  async #save() {
    if (!this.#keeps) return;
    const era = this.#era;
    try {
      await this.#write(() => era === this.#era && this.#keeps);
      if (era === this.#era && this.#keeps && this.#timer === undefined) this.#tellKept();
    } catch (error) {
      if (!this.#keeps) return; // another tab has deleted everything meanwhile, and that was said
      if (isQuota(error)) this.#tell("full", "keep.full.all");
      else this.#tell("off", "keep.off.failed", { reason: messageOf(error) });
    }
  }

  #tellKept() {
    const reasons = [...this.#pictureless.values()];
    if (reasons.some(isQuota)) this.#tell("full", "keep.full.pictures", { count: reasons.length });
    else if (reasons.length > 0) this.#tell("kept", "keep.kept.pictures", { count: reasons.length });
    else this.#tell("kept");
  }

  /** Brings the database up to the session. @param {() => boolean} goesOn asked between the pieces */
  async #write(goesOn) {
    const session = this.#session;
    const asked = this.#asked;
    if (!this.#database) {
      if (session.cells.length === 0 && session.moved.size === 0) return;
      this.#watch(/** @type {IDBDatabase} */ (await openDatabase({ create: true })));
    }
    for (const cell of session.cells) if (!this.#keys.has(cell)) this.#keys.set(cell, this.#nextKey++);
    const present = new Set(session.cells);
    const gone = [...this.#written.keys()].filter((cell) => !present.has(cell));
    if (gone.length > 0) this.#retryPictures();
    const changed = session.cells.filter((cell) => isChanged(cell, this.#written.get(cell)));
    const hasNewPicture = (/** @type {Cell} */ cell) => cell.picture && cell.picture !== this.#written.get(cell)?.picture;
    const pictured = changed.filter(hasNewPicture);
    const plain = changed.filter((cell) => !hasNewPicture(cell));

    // A page that is being left sees the end of the first piece alone: it holds what a person did last.
    while (goesOn() && (gone.length > 0 || plain.length > 0 || this.#changedRules())) {
      await this.#writePiece({ gone: gone.splice(0, BATCH), cells: plain.splice(0, BATCH) });
    }
    for (const cell of pictured) {
      // What was asked for since comes first; the pictures that are left are found again by then.
      if (!goesOn() || asked !== this.#asked) return;
      await this.#writePictured(cell);
    }
  }

  /** Where the picture has no room or its file is gone, the cell is kept without: a person's calls weigh more. @param {Cell} cell */
  async #writePictured(cell) {
    try {
      await this.#writePiece({ cells: [cell], pictures: true });
      this.#pictureless.delete(cell);
    } catch (error) {
      if (!this.#database) throw error;
      await this.#writePiece({ cells: [cell] });
      this.#pictureless.set(cell, error);
    }
  }

  /**
   * One transaction: all of it is kept, or nothing. The rules go with it if they are new, so that
   * no cell is ever kept without the model that read it.
   *
   * @param {{gone?: Cell[], cells: Cell[], pictures?: boolean}} piece
   */
  async #writePiece({ gone = [], cells, pictures = false }) {
    const rules = this.#changedRules();
    const writing = cells.map((cell) => ({ cell, now: written(cell) }));
    await this.#transact((stores) => {
      for (const cell of gone) {
        const key = /** @type {number} */ (this.#keys.get(cell));
        stores.cells.delete(key);
        stores.pictures.delete(key);
      }
      if (rules) stores.rules.put(JSON.parse(rules), RULES);
      for (const cell of cells) {
        stores.cells.put(cellRecord(cell), this.#keys.get(cell));
        if (pictures) stores.pictures.put(cell.picture, this.#keys.get(cell));
      }
    });
    for (const cell of gone) {
      this.#written.delete(cell);
      this.#pictureless.delete(cell);
    }
    if (rules) this.#writtenRules = rules;
    for (const { cell, now } of writing) this.#written.set(cell, now);
  }

  /** The rules, and whether all was exported, if they are not those that were written last. */
  #changedRules() {
    const rules = JSON.stringify({ ...rulesRecord(this.#session), unsaved: this.#session.unsaved });
    return rules === this.#writtenRules ? null : rules;
  }

  /** There is room again, perhaps for the pictures that had none. */
  #retryPictures() {
    for (const cell of this.#pictureless.keys()) {
      const known = this.#written.get(cell);
      if (known) known.picture = null;
    }
  }

  /**
   * Makes all the requests of `ask` in one transaction, and waits until it is done.
   *
   * @param {(stores: Record<keyof typeof STORES, IDBObjectStore>) => void} ask
   */
  async #transact(ask) {
    if (!this.#database) throw new Error(t("keep.off.closed"));
    const transaction = this.#database.transaction(Object.values(STORES), "readwrite", { durability: "relaxed" });
    const done = new Promise((resolve, reject) => {
      transaction.addEventListener("complete", resolve);
      transaction.addEventListener("abort", () => reject(transaction.error ?? new Error(t("keep.off.closed"))));
    });
    try {
      ask(storesOf(transaction));
      // Not left to the end of the task: a page that is being closed may not see it.
      transaction.commit();
    } catch (error) {
      transaction.abort();
      await done.catch(() => {});
      throw error;
    }
    await done;
  }

  /** Reads what was kept into the session. @param {IDBDatabase} database */
  async #takeOver(database) {
    this.#watch(database);
    const stores = storesOf(database.transaction(Object.values(STORES), "readonly"));
    const [keys, records, pictureKeys, pictures, rules] = await Promise.all([
      answer(stores.cells.getAllKeys()),
      answer(stores.cells.getAll()),
      answer(stores.pictures.getAllKeys()),
      answer(stores.pictures.getAll()),
      answer(stores.rules.get(RULES)),
    ]);
    const { models, movedThresholds, unsaved } = rules ?? { models: [], movedThresholds: {}, unsaved: false };
    const { cells, models: known, moved } = readRecords({ models, movedThresholds, cells: records });
    const pictureOf = new Map(pictureKeys.map((key, index) => [key, pictures[index]]));
    cells.forEach((cell, index) => { cell.picture = pictureOf.get(keys[index]) ?? null; });

    const restored = this.#session.restore(cells, known, moved);
    this.#session.unsaved ||= unsaved === true;
    restored.forEach((cell, index) => {
      this.#written.set(cell, written(cell));
      this.#keys.set(cell, Number(keys[index]));
    });
    this.#nextKey = 1 + Number(keys.at(-1) ?? 0);
    return restored;
  }

  /** @param {IDBDatabase} database */
  #watch(database) {
    this.#database = database;
    // The browser takes the data away, as when a person deletes them in its settings.
    database.addEventListener("close", () => this.#forget());
    // Another tab deletes everything.
    database.addEventListener("versionchange", () => {
      this.#forget();
      this.#keeps = false;
      this.#tell("off", "keep.off.deleted");
    });
  }

  #forget() {
    this.#database?.close();
    this.#database = null;
    this.#written.clear();
    this.#pictureless.clear();
    this.#writtenRules = "";
    this.#keys = new WeakMap();
    this.#nextKey = 1;
  }

  /** @param {KeepState} state @param {string} [key] of the reason @param {Record<string, string | number>} [values] */
  #tell(state, key = "", values = {}) {
    const told = this.#told;
    if (told?.state === state && told.key === key && told.values.count === values.count) return;
    this.#told = { state, key, values };
    this.#say();
  }

  #say() {
    if (!this.#told) return;
    const { state, key, values } = this.#told;
    this.#onState(state, key && t(key, values));
  }
}

/** @param {Cell} cell @returns {Written} */
function written(cell) {
  return { ...cell, corrections: correctionsOf(cell.corrections) };
}

/** @param {Cell} cell @param {Written | undefined} before */
function isChanged(cell, before) {
  return (
    !before ||
    cell.state !== before.state ||
    cell.reading !== before.reading ||
    cell.picture !== before.picture ||
    cell.sha256 !== before.sha256 ||
    cell.failure !== before.failure ||
    cell.synthetic !== before.synthetic ||
    cell.name !== before.name ||
    correctionsOf(cell.corrections) !== before.corrections
  );
}

/** @param {ReadonlyMap<string, boolean>} corrections */
function correctionsOf(corrections) {
  return corrections.size === 0 ? "" : JSON.stringify([...corrections]);
}

/** Whether this tab may keep its session: then it holds the lock as long as it lives. @returns {Promise<boolean>} */
function takeLock() {
  return new Promise((resolve) => {
    const held = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(LOCK, { signal: AbortSignal.timeout(PATIENCE_FOR_LOCK) }, held).catch(() => resolve(false));
  });
}

function deleteEntries() {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(OUR_ENTRIES)) localStorage.removeItem(name);
  } catch {
    // Where there is no such storage, there is nothing of ours in it.
  }
}

/** @param {unknown} error */
function isQuota(error) {
  return error instanceof Error && error.name === "QuotaExceededError";
}
