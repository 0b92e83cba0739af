/**
 * The service worker: keeps every file of the page in this browser, so that the page opens
 * without a network. The build writes the list of files, pkg/files.js, with the SHA-256 of each; a
 * file with another hash is refused. The browser asks for this script and the list at each visit: a
 * changed list is a new version.
 *
 * A new version is fetched beside the one in use. Then it waits until no page of the old one is
 * open, or until a page says "take over". Files lie in the cache under their address and hash. So
 * unchanged files are not fetched again, and a version that cannot be completed leaves the one in
 * use whole.
 *
 * It tells the pages of its folder, on a broadcast channel, `{isUpdate, state: "saving" | "saved" |
 * "failed", saved, total, reason}`, with sizes in bytes.
 */

/** One file of the list, see scripts/file-list.mjs. @typedef {{path: string, size: number, sha256: string, onlyWhere?: {module: string, valid: boolean}}} ListedFile */

const worker = /** @type {ServiceWorkerGlobalScope & {karyolensFiles: {files: ListedFile[]}}} */ (
  /** @type {unknown} */ (self)
);
importScripts("./pkg/files.js");
const { files } = worker.karyolensFiles;
/** The files that this browser uses: one build of each kind of the program. */
const needed = files.filter(isForThisBrowser);

/** The page's folder, wherever on a server it is. */
const FOLDER = new URL("./", location.href).href;
const CACHE = `karyolens ${FOLDER}`;
const channel = new BroadcastChannel(CACHE);

/** The key in the cache, by the address of the file. */
const keys = new Map(files.map((file) => [FOLDER + file.path, keyOf(file)]));
keys.set(FOLDER, keys.get(`${FOLDER}index.html`) ?? "");

const total = needed.reduce((sum, file) => sum + file.size, 0);

worker.addEventListener("install", (event) => {
  event.waitUntil(save({ isUpdate: Boolean(worker.registration.active) }));
});

worker.addEventListener("activate", (event) => event.waitUntil(begin()));

worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
  if (event.data === "check") event.waitUntil(check());
});

worker.addEventListener("fetch", (event) => {
  const key = keys.get(event.request.url.replace(/[?#].*/s, ""));
  if (key && event.request.method === "GET") event.respondWith(answer(event.request, key));
});

/**
 * Fetches the files that are missing. On failure it tells the pages why, and rejects.
 *
 * @param {{isUpdate: boolean}} options
 */
async function save({ isUpdate }) {
  let saved = 0;
  try {
    const cache = await caches.open(CACHE);
    const present = new Set((await cache.keys()).map((request) => request.url));
    for (const file of needed) {
      if (!present.has(keyOf(file))) {
        tell({ isUpdate, state: "saving", saved });
        await cache.put(keyOf(file), await fetchListed(file));
      }
      saved += file.size;
    }
  } catch (error) {
    tell({ isUpdate, state: "failed", saved, reason: reasonOf(error) });
    throw error;
  }
}

/** Forgets the files of older versions. */
async function begin() {
  const cache = await caches.open(CACHE);
  const wanted = new Set(keys.values());
  for (const request of await cache.keys()) {
    if (!wanted.has(request.url)) await cache.delete(request);
  }
  tell({ state: "saved", saved: total });
}

/** Tells a page that has just opened whether all files are still there, and fetches the missing ones. */
async function check() {
  await save({ isUpdate: false }).then(
    () => tell({ state: "saved", saved: total }),
    () => {},
  );
}

/** @param {Request} request @param {string} key */
async function answer(request, key) {
  return (await caches.match(key, { cacheName: CACHE })) ?? fetch(request);
}

/** The file as the list has it, or an error. @param {ListedFile} file */
async function fetchListed({ path, sha256 }) {
  // The browser's own cache may hold an older file: then the second try goes past that cache.
  for (const cache of /** @type {const} */ (["no-cache", "reload"])) {
    const response = await fetch(FOLDER + path, { cache });
    if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
    const bytes = await response.arrayBuffer();
    if ((await hashOf(bytes)) !== sha256) continue;
    const headers = new Headers(response.headers);
    // The stored body is unpacked, and the same for every request.
    headers.delete("content-encoding");
    headers.delete("vary");
    headers.set("content-length", String(bytes.byteLength));
    return new Response(bytes, { headers });
  }
  throw new Error(`${path} is damaged or of another version: its SHA-256 is not the one in the list`);
}

/** @param {ListedFile} file */
function isForThisBrowser({ onlyWhere }) {
  if (!onlyWhere) return true;
  const module = Uint8Array.from(atob(onlyWhere.module), (letter) => letter.charCodeAt(0));
  return WebAssembly.validate(module) === onlyWhere.valid;
}

/** @param {ListedFile} file */
function keyOf({ path, sha256 }) {
  return `${FOLDER}${path}?sha256=${sha256}`;
}

/**
 * In hexadecimal digits. A service worker that every browser takes is a classic script, which cannot
 * import pkg/hash.js.
 *
 * @param {ArrayBuffer} bytes
 */
async function hashOf(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return `this browser has no room for ${Math.ceil(total / 1e6)} MB`;
  }
  if (error instanceof TypeError) return "the server cannot be reached";
  return error instanceof Error ? error.message : String(error);
}

/** @param {{isUpdate?: boolean, state: "saving" | "saved" | "failed", saved: number, reason?: string}} message */
function tell({ isUpdate = false, state, saved, reason = "" }) {
  channel.postMessage({ isUpdate, state, saved, total, reason });
}
