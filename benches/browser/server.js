/** The server that gives both sides of the bench their files. */

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

/** @import { AddressInfo } from "node:net" */

/** @type {Record<string, string>} */
const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const HEADERS = {
  // Isolation lets onnxruntime-web share memory between threads.
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  // Every load is a first visit.
  "Cache-Control": "no-store",
};

/** Workers that load the probe (probe.js) ahead of their own code. */
const PROBED = ["/pkg/worker-cpu.js", "/pkg/worker-webgpu.js"];

/**
 * Serves folders on a free port of this machine.
 *
 * @param {Record<string, string>} folders the folder for each beginning of a path, "/" last
 */
export async function serveFolders(folders) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = fileOf(folders, path);
    const size = file && (await stat(file).catch(() => null))?.size;
    if (!file || size == null) {
      response.writeHead(404, HEADERS).end();
      return;
    }
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    if (PROBED.includes(path)) {
      response.writeHead(200, { ...HEADERS, "Content-Type": type });
      response.end(`import "/bench/probe.js";\n${await readFile(file, "utf8")}`);
      return;
    }
    response.writeHead(200, { ...HEADERS, "Content-Type": type, "Content-Length": size });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {AddressInfo} */ (server.address());
  return { address: `http://127.0.0.1:${port}/`, stop: () => server.close() };
}

/** @param {Record<string, string>} folders @param {string} path */
function fileOf(folders, path) {
  const start = Object.keys(folders).find((start) => path.startsWith(start));
  const rest = start && normalize(path.slice(start.length) || "index.html");
  return start && rest && !rest.startsWith("..") ? join(folders[start], rest) : null;
}
