/**
 * The service worker: keeps every file of the page in this browser, so that the page opens
 * without a network. Which files there are stands in pkg/files.js, written by the build, with the
 * SHA-256 of each; a file that has another is not taken. The browser asks for both scripts anew at
 * each visit: another list is a new version.
 *
 * A new version is fetched beside the one in use and then waits: until no page of the old one is
 * open, or a page says "take over". Files lie in the cache under their address and hash. So what
 * has not changed is not fetched again, and a version that cannot be completed leaves the one in
 * use whole.
 *
 * Tells the pages of its folder, on a broadcast channel, `{isUpdate, state: "saving" | "saved" |
 * "failed", saved, total, reason}`, in bytes.
 */

/** One file of the list, see scripts/file-list.mjs. @typedef {{path: string, size: number, sha256: string, onlyWhere?: {module: string, valid: boolean}}} ListedFile */

const worker = /** @type {ServiceWorkerGlobalScope & {karyolensFiles: {files: ListedFile[]}}} */ (
  /** @type {unknown} */ (self)
);
importScripts("./pkg/files.js");
const { files } = worker.karyolensFiles;
/** Those that this browser uses: of each kind of the program it is one build. */
const needed = files.filter(isForThisBrowser);

/** The page's folder, wherever on a server it is. */
const FOLDER = new URL("./", location.href).href;
const CACHE = `karyolens ${FOLDER}`;
const channel = new BroadcastChannel(CACHE);

/** Where in the cache the file of an address is. */
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
 * Fetches what is not there yet; where that fails tells why, and rejects.
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

/** Tells a page that has just opened whether all is still there; what is not is fetched again. */
async function check() {
  await save({ isUpdate: false }).then(
    () => tell({ state: "saved", saved: total }),
    () => {},
  );
}

/** @param {Request} request @param {string} key */
async function answer(request, key) {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? fetch(request);
}

/** The file as the list has it, or an error. @param {ListedFile} file */
async function fetchListed({ path, sha256 }) {
  // What the browser's own cache takes for the same may be older: then once more past that cache.
  for (const cache of /** @type {const} */ (["no-cache", "reload"])) {
    const response = await fetch(FOLDER + path, { cache });
    if (!response.ok) throw new Error(`the server answered ${response.status} for ${path}`);
    const bytes = await response.arrayBuffer();
    if ((await hashOf(bytes)) !== sha256) continue;
    const headers = new Headers(response.headers);
    // The body is no longer as it travelled, and is the same for whoever asks.
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

/** In hexadecimal digits. @param {ArrayBuffer} bytes */
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
