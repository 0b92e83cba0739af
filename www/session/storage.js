/**
 * Keeps the session in the browser, so that it survives a reload. It is written soon after each
 * change, by stored-copy.js. One tab keeps at a time: a lock tells the others that they do not.
 *
 * Knows nothing of the page but its session. News for a person goes to `onState`.
 */

import { messageOf } from "../pkg/message.js";
import { deleteDatabase } from "./database.js";
import { StoredCopy } from "./stored-copy.js";
import { onLanguage, t } from "../language/language.js";

/** @import { Cell } from "./cell.js" */
/** @import { Session } from "./session.js" */

/**
 * - `kept`: the browser holds everything
 * - `keeping`: a change will be written soon
 * - `off`: nothing is kept, and the reason says why
 * - `second-tab`: another tab keeps its session
 * - `full`: there is no more room
 *
 * @typedef {"kept" | "keeping" | "off" | "second-tab" | "full"} StorageState
 */

/** Texts that say that a kept session was left as it is. */
const LEFT_ALONE = ["storage.off.unread", "storage.full.upgrade"];

const LOCK = "karyolens-session";
/** The beginning of the names of our entries in localStorage. */
const OUR_ENTRIES = "karyolens-";

/** Milliseconds from a change to its writing; changes in between are written with it. */
const DELAY = 500;
/** Milliseconds to wait for the lock: after a reload the old page holds it for a moment. */
const PATIENCE_FOR_LOCK = 1000;

/**
 * Keeps `session` from the time that `restore` is called.
 *
 * @param {Session} session
 * @param {{onState: (state: StorageState, reason: string) => void}} options hears of each change, and again in
 *   another language; the reason is a sentence, or empty
 */
export function openStorage(session, { onState }) {
  const keeper = new Keeper(session, onState);
  return {
    /** Puts the kept session into this one and returns its cells. Never rejects. */
    restore: () => keeper.restore(),
    /**
     * Empties the session, and deletes the kept sessions of all tabs and the page's settings.
     *
     * @throws {Error} where the browser does not delete them
     */
    deleteEverything: () => keeper.deleteEverything(),
  };
}

class Keeper {
  #session;
  #onState;
  /** Whether this tab is the one that keeps. */
  #keeps = false;
  #copy;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The work under way; the next work waits for it. @type {Promise<unknown>} */
  #work = Promise.resolve();
  /** Counts the times that saving was asked for. */
  #asked = 0;
  /** Counts the times that everything was deleted; writing that began before stops. */
  #era = 0;
  /** The last message to `onState`. @type {{state: StorageState, key: string, values: Record<string, string | number>} | null} */
  #told = null;

  /** @param {Session} session @param {(state: StorageState, reason: string) => void} onState */
  constructor(session, onState) {
    this.#session = session;
    this.#onState = onState;
    this.#copy = new StoredCopy(session, () => {
      this.#keeps = false;
      this.#tell("off", "storage.off.deleted");
    });
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
      this.#tell("off", "storage.off.missing");
      return [];
    }
    try {
      if (!(await takeLock())) {
        this.#tell("second-tab", "storage.second-tab.reason");
        return [];
      }
    } catch {
      // A browser that blocks cookies offers no lock and no database either.
      this.#tell("off", "storage.off.missing");
      return [];
    }
    const restoring = this.#work.then(() => this.#restore());
    this.#work = restoring;
    return restoring;
  }

  async #restore() {
    try {
      const restored = await this.#copy.load();
      this.#keeps = true;
      this.#tell("kept");
      this.#changed();
      return restored;
    } catch (error) {
      // A session that cannot be read is not overwritten.
      if (isQuota(error)) this.#tell("full", "storage.full.upgrade");
      else this.#tell("off", "storage.off.unread", { reason: messageOf(error) });
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
      this.#copy.forget();
      if (globalThis.indexedDB) await deleteDatabase();
      deleteEntries();
      // The session that was left alone is gone now.
      if (this.#told && LEFT_ALONE.includes(this.#told.key)) this.#keeps = true;
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
    const [era, asked] = [this.#era, this.#asked];
    const goesOn = () => era === this.#era && this.#keeps;
    try {
      await this.#copy.write({ goesOn, isLatest: () => asked === this.#asked });
      if (goesOn() && this.#timer === undefined) this.#tellKept();
    } catch (error) {
      if (!this.#keeps) return; // another tab has deleted everything meanwhile, and that was said
      if (isQuota(error)) this.#tell("full", "storage.full.all");
      else this.#tell("off", "storage.off.failed", { reason: messageOf(error) });
    }
  }

  #tellKept() {
    const reasons = this.#copy.refusals;
    if (reasons.some(isQuota)) this.#tell("full", "storage.full.pictures", { count: reasons.length });
    else if (reasons.length > 0) this.#tell("kept", "storage.kept.pictures", { count: reasons.length });
    else this.#tell("kept");
  }

  /** @param {StorageState} state @param {string} [key] of the reason @param {Record<string, string | number>} [values] */
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

/**
 * Whether this tab may keep its session. It then holds the lock until it is closed.
 *
 * @returns {Promise<boolean>}
 * @throws {DOMException} where the browser gives no page a lock here
 */
function takeLock() {
  return new Promise((resolve, reject) => {
    const patience = AbortSignal.timeout(PATIENCE_FOR_LOCK);
    const held = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(LOCK, { signal: patience }, held).catch((error) => {
      if (patience.aborted) resolve(false);
      else reject(error);
    });
  });
}

function deleteEntries() {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(OUR_ENTRIES)) localStorage.removeItem(name);
  } catch {
    // A browser without this storage holds no entry of ours.
  }
}

/** @param {unknown} error */
function isQuota(error) {
  return error instanceof Error && error.name === "QuotaExceededError";
}
