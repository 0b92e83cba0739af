/**
 * The browser's database for the session, with promises. The package idb offers the same and more,
 * but would replace only this short file, and the page would have to copy it at each build.
 */

import { t } from "../language/language.js";
import { messageOf } from "../pkg/message.js";

const DATABASE = "karyolens";
const DATABASE_VERSION = 1;
/** The database's stores: by a cell's key its record and its picture; and the one record of rules. */
export const STORES = { cells: "cells", pictures: "pictures", rules: "rules" };

/** @param {IDBTransaction} transaction */
export function storesOf(transaction) {
  return {
    cells: transaction.objectStore(STORES.cells),
    pictures: transaction.objectStore(STORES.pictures),
    rules: transaction.objectStore(STORES.rules),
  };
}

/**
 * @param {{create: boolean}} options whether it is made where there is none
 * @returns {Promise<IDBDatabase | null>} null where there is none
 */
export function openDatabase({ create }) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, DATABASE_VERSION);
    request.addEventListener("upgradeneeded", (event) => {
      // To look without making one, the making is called off.
      if (event.oldVersion === 0 && !create) request.transaction?.abort();
      else for (const store of Object.values(STORES)) request.result.createObjectStore(store);
    });
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => {
      if (!create && request.error?.name === "AbortError") resolve(null);
      else reject(request.error);
    });
  });
}

/** @returns {Promise<void>} */
export function deleteDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(new Error(t("keep.delete.failed", { reason: messageOf(request.error) }))));
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function answer(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
