/**
 * The browser's database for the session, with promises. The package idb offers the same and more,
 * but would replace only this short file, and the page would have to copy it at each build.
 */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";
import { splitCell } from "./version-1.js";

const DATABASE = "karyolens";
const DATABASE_VERSION = 2;
/**
 * The database's stores. `sources` and `bytes` go by the key of a source; `cells` go by the key of a
 * cell, and each names the key of its source. `rules` holds one record.
 */
export const STORES = { sources: "sources", bytes: "bytes", cells: "cells", rules: "rules" };
/** The store of version 1 that held each cell's picture by the cell's key. */
const PICTURES_OF_VERSION_1 = "pictures";

/** @param {IDBTransaction} transaction */
export function storesOf(transaction) {
  return {
    sources: transaction.objectStore(STORES.sources),
    bytes: transaction.objectStore(STORES.bytes),
    cells: transaction.objectStore(STORES.cells),
    rules: transaction.objectStore(STORES.rules),
  };
}

/**
 * Opens the database. A database of version 1 is carried over first, in one transaction: after an
 * interruption version 1 is there as it was.
 *
 * @param {{create: boolean}} options whether it is made where there is none
 * @returns {Promise<IDBDatabase | null>} null where there is none
 * @throws {unknown} a `QuotaExceededError` where version 1 has no room to be carried over, else why the
 *   database cannot be opened
 */
export function openDatabase({ create }) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, DATABASE_VERSION);
    let isAbsent = false;
    /** Why this script left a version 1 as it is. @type {unknown} */
    let refusal = null;
    /** The browser's own reason for that, such as missing room. @type {() => DOMException | null} */
    let browsersReason = () => null;
    request.addEventListener("upgradeneeded", (event) => {
      const transaction = /** @type {IDBTransaction} */ (request.transaction);
      const database = request.result;
      browsersReason = () => transaction.error;
      if (event.oldVersion === 1) {
        upgrade(database, transaction).catch((error) => {
          refusal = error;
          abort(transaction);
        });
      } else if (create) {
        for (const store of Object.values(STORES)) database.createObjectStore(store);
      } else {
        // The caller asks for one that is there: this one is not made.
        isAbsent = true;
        transaction.abort();
      }
    });
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => {
      if (isAbsent) resolve(null);
      // The request itself knows only that its transaction was aborted, and so does a script that was in it.
      else reject(browsersReason() ?? refusal ?? request.error);
    });
  });
}

/**
 * From version 1 to 2. Each cell of version 1 becomes a source and a cell, both under the cell's
 * key, so that the store of pictures becomes the store of bytes as it is.
 *
 * @param {IDBDatabase} database
 * @param {IDBTransaction} transaction
 */
async function upgrade(database, transaction) {
  const sources = database.createObjectStore(STORES.sources);
  transaction.objectStore(PICTURES_OF_VERSION_1).name = STORES.bytes;
  const cells = transaction.objectStore(STORES.cells);
  const [keys, records] = await Promise.all([answer(cells.getAllKeys()), answer(cells.getAll())]);
  for (const [index, key] of keys.entries()) {
    const { source, cell } = splitCell(records[index], `cells[${index}]`, key);
    sources.put(source, key);
    cells.put(cell, key);
  }
}

/** @param {IDBTransaction} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // The browser has ended it already.
  }
}

/** @returns {Promise<void>} */
export function deleteDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(new Error(t("session.delete.failed", { reason: messageOf(request.error) }))));
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function answer(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
