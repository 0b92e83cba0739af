/**
 * The copy of a session in the browser's database: a record for each source and each cell, the bytes
 * of each source once, and the rules. Only changes are written, in small pieces. storage.js says
 * when.
 */

import { t } from "../language/language.js";
import { isObject } from "./checks.js";
import { answer, openDatabase, storesOf, STORES } from "./database.js";
import { readRecords } from "./read-records.js";
import { cellRecord, rulesRecord, sourceRecord } from "./records.js";

/** @import { Cell, Source } from "./cell.js" */
/** @import { EarlierSource } from "./read-records.js" */
/** @import { Session } from "./session.js" */

/** A thing that has a record of its own. @typedef {Cell | Source | EarlierSource} Stored */

const RULES = "rules";
/** Records in one transaction: some 2 ms of this thread, and then others may have it. */
const BATCH = 50;

export class StoredCopy {
  #session;
  #onLost;
  /** Made when there is something to keep. @type {IDBDatabase | null} */
  #database = null;
  /** Everything that has a record, as it was when that was written. @type {Map<Stored, Record<string, unknown>>} */
  #written = new Map();
  /** The bytes that were written, or refused. @type {Map<Source, Blob>} */
  #writtenBytes = new Map();
  /** Sources whose bytes could not be kept, and why. @type {Map<Source, unknown>} */
  #refused = new Map();
  #writtenRules = "";
  /** In the order in which things came; the rules have that of the session where it differs. @type {WeakMap<Stored, number>} */
  #keys = new WeakMap();
  #nextKey = 1;

  /** @param {Session} session @param {() => void} onLost another tab deletes everything */
  constructor(session, onLost) {
    this.#session = session;
    this.#onLost = onLost;
  }

  /** Why the bytes of some sources could not be kept, one reason a source. */
  get refusals() {
    return [...this.#refused.values()];
  }

  /**
   * Reads the kept session into the session.
   *
   * @returns {Promise<Cell[]>} the cells that came back
   * @throws {Error} where the copy cannot be read; then it is left as it is
   */
  async load() {
    const database = await openDatabase({ create: false });
    if (!database) return [];
    this.#watch(database);
    const stores = storesOf(database.transaction(Object.values(STORES), "readonly"));
    const [sourceKeys, sourceRecords, cellKeys, cellRecords, byteKeys, bytes, rules] = await Promise.all([
      answer(stores.sources.getAllKeys()),
      answer(stores.sources.getAll()),
      answer(stores.cells.getAllKeys()),
      answer(stores.cells.getAll()),
      answer(stores.bytes.getAllKeys()),
      answer(stores.bytes.getAll()),
      answer(stores.rules.get(RULES)),
    ]);
    const { models, movedThresholds, unsaved, order } = rules ?? { models: [], movedThresholds: {}, unsaved: false };
    // A cell's record names its source by key, a file by place.
    const places = new Map(sourceKeys.map((key, index) => [key, index]));
    const ordered = inOrder(cellRecords.map((record, index) => ({ record, key: Number(cellKeys[index]) })), order);
    const cells = ordered.map(({ record }) =>
      (isObject(record) && "source" in record ? { ...record, source: places.get(Number(record.source)) } : record));
    const found = readRecords({ models, movedThresholds, sources: sourceRecords, cells });
    const bytesOf = new Map(byteKeys.map((key, index) => [key, bytes[index]]));
    found.sources.forEach((source, index) => { source.bytes = bytesOf.get(sourceKeys[index]) ?? null; });

    const restored = this.#session.restore(found.cells, found.models, found.moved);
    this.#session.unsaved ||= unsaved === true;
    const inSession = new Map(restored.map(({ source }, index) => [found.cells[index].source, source]));
    found.sources.forEach((earlier, index) => {
      const source = inSession.get(earlier);
      // The record of a source without a cell is deleted with the next change.
      this.#remember(source ?? earlier, Number(sourceKeys[index]));
      if (source?.bytes) this.#writtenBytes.set(source, source.bytes);
    });
    restored.forEach((cell, index) => this.#remember(cell, ordered[index].key));
    return restored;
  }

  /**
   * Brings the copy up to the session.
   *
   * @param {object} asks
   * @param {() => boolean} asks.goesOn whether to go on, asked between the pieces
   * @param {() => boolean} asks.isLatest whether nothing was asked for since; bytes wait for that
   */
  async write({ goesOn, isLatest }) {
    const session = this.#session;
    if (!this.#database) {
      if (session.cells.length === 0 && session.moved.size === 0) return;
      this.#watch(/** @type {IDBDatabase} */ (await openDatabase({ create: true })));
    }
    // A source before its cells: none is ever kept without its source.
    const present = new Set(session.cells.flatMap((cell) => [cell.source, cell]));
    for (const one of present) this.#keyOf(one);
    const changed = [...present].filter((one) => isChanged(one, this.#written.get(one)));
    const missing = [...this.#written.keys()].filter((one) => !present.has(/** @type {Cell | Source} */ (one)));
    const gone = [...missing.filter(isCell), ...missing.filter((one) => !isCell(one))];
    // There is room again, perhaps for bytes that had none.
    if (gone.length > 0) for (const source of this.#refused.keys()) this.#writtenBytes.delete(source);
    const withBytes = session.sources.filter((source) => source.bytes && source.bytes !== this.#writtenBytes.get(source));

    // A page that is being left sees the end of the first piece alone: it holds a person's latest changes.
    while (goesOn() && (gone.length > 0 || changed.length > 0 || this.#changedRules())) {
      await this.#writePiece(gone.splice(0, BATCH), changed.splice(0, BATCH));
    }
    for (const source of withBytes) {
      if (!goesOn() || !isLatest()) return;
      await this.#writeBytes(source);
    }
  }

  /** Lets go of the database, as if nothing had been written. */
  forget() {
    this.#database?.close();
    this.#database = null;
    this.#written.clear();
    this.#writtenBytes.clear();
    this.#refused.clear();
    this.#writtenRules = "";
    this.#keys = new WeakMap();
    this.#nextKey = 1;
  }

  /**
   * One transaction: all of it is kept, or nothing. The rules go with it if they are new, so that
   * no cell is ever kept without the model that read it.
   *
   * @param {Stored[]} gone
   * @param {(Cell | Source)[]} changed
   */
  async #writePiece(gone, changed) {
    const rules = this.#changedRules();
    const writing = changed.map((one) => ({ one, now: snapshotOf(one) }));
    await this.#transact((stores) => {
      for (const one of gone) {
        const key = this.#keyOf(one);
        stores[isCell(one) ? "cells" : "sources"].delete(key);
        if (!isCell(one)) stores.bytes.delete(key);
      }
      if (rules) stores.rules.put(JSON.parse(rules), RULES);
      for (const one of changed) {
        if (isCell(one)) stores.cells.put(cellRecord(one, this.#keyOf(one.source)), this.#keyOf(one));
        else stores.sources.put(sourceRecord(one), this.#keyOf(one));
      }
    });
    for (const one of gone) {
      this.#written.delete(one);
      this.#writtenBytes.delete(/** @type {Source} */ (one));
      this.#refused.delete(/** @type {Source} */ (one));
    }
    if (rules) this.#writtenRules = rules;
    for (const { one, now } of writing) this.#written.set(one, now);
  }

  /** Where the bytes have no room or their file is gone, the source is kept without: a person's calls weigh more. @param {Source} source */
  async #writeBytes(source) {
    const { bytes } = source;
    if (!bytes) return;
    try {
      await this.#transact((stores) => stores.bytes.put(bytes, this.#keyOf(source)));
      this.#refused.delete(source);
    } catch (error) {
      if (!this.#database) throw error;
      this.#refused.set(source, error);
    }
    this.#writtenBytes.set(source, bytes);
  }

  /** The rules, and whether all was exported, if they are not those that were written last. */
  #changedRules() {
    const rules = JSON.stringify({ ...rulesRecord(this.#session), unsaved: this.#session.unsaved, order: this.#order() });
    return rules === this.#writtenRules ? null : rules;
  }

  /** The cells' keys in the order of the session; null where that is the order of the keys, as it is until a nucleus is changed. */
  #order() {
    const keys = this.#session.cells.map((cell) => this.#keyOf(cell));
    return keys.every((key, index) => index === 0 || keys[index - 1] < key) ? null : keys;
  }

  /** @param {Stored} one */
  #keyOf(one) {
    const key = this.#keys.get(one) ?? this.#nextKey++;
    this.#keys.set(one, key);
    return key;
  }

  /** @param {Stored} one @param {number} key that its record already has */
  #remember(one, key) {
    this.#keys.set(one, key);
    this.#nextKey = Math.max(this.#nextKey, key + 1);
    this.#written.set(one, snapshotOf(one));
  }

  /**
   * Makes all the requests of `ask` in one transaction, and waits until it is done.
   *
   * @param {(stores: Record<keyof typeof STORES, IDBObjectStore>) => void} ask
   */
  async #transact(ask) {
    if (!this.#database) throw new Error(t("storage.off.closed"));
    const transaction = this.#database.transaction(Object.values(STORES), "readwrite", { durability: "relaxed" });
    const done = new Promise((resolve, reject) => {
      transaction.addEventListener("complete", resolve);
      transaction.addEventListener("abort", () => reject(transaction.error ?? new Error(t("storage.off.closed"))));
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

  /** @param {IDBDatabase} database */
  #watch(database) {
    this.#database = database;
    // The browser takes the data away, as when a person deletes them in its settings.
    database.addEventListener("close", () => this.forget());
    // Another tab deletes everything.
    database.addEventListener("versionchange", () => {
      this.forget();
      this.#onLost();
    });
  }
}

/**
 * Records in the order of their session; one that was written after the order comes last.
 *
 * @template {{key: number}} Keyed
 * @param {Keyed[]} records in the order of their keys
 * @param {unknown} order of keys
 */
function inOrder(records, order) {
  if (!Array.isArray(order)) return records;
  const places = new Map(order.map((key, index) => [key, index]));
  const placeOf = (/** @type {Keyed} */ { key }) => places.get(key) ?? places.size;
  return records.toSorted((one, other) => placeOf(one) - placeOf(other));
}

/** @param {Stored} one @returns {one is Cell} */
function isCell(one) {
  return "contour" in one;
}

/**
 * A source or a cell as it is now, without its bytes. Everything of a cell but its corrections is
 * replaced, never changed inside, so that comparing references tells a change.
 *
 * @param {Stored} one
 * @returns {Record<string, unknown>}
 */
function snapshotOf(one) {
  return isCell(one) ? { ...one, corrections: correctionsOf(one.corrections) } : { ...one, bytes: null };
}

/** Makes no snapshot: it is asked of every cell at every change. @param {Cell | Source} one @param {Record<string, unknown> | undefined} before */
function isChanged(one, before) {
  if (!before) return true;
  if (!isCell(one)) return Object.entries(one).some(([key, value]) => key !== "bytes" && value !== before[key]);
  const { isConfirmed, state, failure, reading, corrections } = one;
  return isConfirmed !== before.isConfirmed || state !== before.state || failure !== before.failure || reading !== before.reading || correctionsOf(corrections) !== before.corrections;
}

/** @param {ReadonlyMap<string, boolean>} corrections */
function correctionsOf(corrections) {
  return corrections.size === 0 ? "" : JSON.stringify([...corrections]);
}
