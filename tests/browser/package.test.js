/** The npm package as another application meets it: what it holds, and how it fails. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  PATIENCE, REPOSITORY, SHIPPED_MODEL, drop, folderFor, karyolens, openSite, openBlank, predict, ready, render,
  settledRows, withPage,
} from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

test("npm packs all that the package needs and nothing else", { timeout }, async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], { cwd: join(REPOSITORY, "pkg") });
  /** @type {{path: string, size: number}[]} */
  const files = JSON.parse(stdout)[0].files;
  const builds = (await readdir(join(REPOSITORY, "pkg"))).filter((name) => name.endsWith("_bg.wasm"));
  assert.deepEqual(files.map((file) => file.path).sort(), [
    "README.md", "builds.js", "index.d.ts", "index.js", "karyolens_cpu.d.ts", "karyolens_cpu.js", ...builds,
    "karyolens_cpu_bg.wasm.d.ts", "karyolens_webgpu.d.ts", "karyolens_webgpu.js", "karyolens_webgpu_bg.wasm.d.ts", "gpu.js", "model.safetensors", "package.json", "pool.js", "remote.js", "simd.js", "source.js",
    "worker.js", "worker-cpu.js", "worker-webgpu.js",
  ].sort());
  for (const { path, size } of files) assert.ok(size > 0, `${path} is empty`);
});

test("loading reports every phase up to its end", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const steps = await page.evaluate(async (address) => {
      const { Karyolens } = await import(address);
      /** @type {import("../../pkg/index.js").Progress[]} */
      const steps = [];
      const karyolens = await Karyolens.load({ device: "cpu", onProgress: (/** @type {any} */ step) => steps.push(step) });
      karyolens.close();
      return steps;
    }, "/pkg/index.js");
    for (const phase of ["code", "weights", "device"]) {
      const [first, last] = [steps.find((step) => step.phase === phase), steps.findLast((step) => step.phase === phase)];
      assert.equal(first?.loaded, 0, phase);
      assert.ok(last?.total, phase);
      assert.equal(last.loaded, last.total, phase);
    }
  });
});

test("every way to give a model and a picture works", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const answers = await page.evaluate(async (address) => {
      const { Karyolens } = await import(address);
      const weights = await (await fetch("/pkg/model.safetensors")).arrayBuffer();
      const models = ["/pkg/model.safetensors", new URL("/pkg/model.safetensors", location.href), new Blob([weights]), weights, new Uint8Array(weights)];
      const answers = [];
      for (const model of models) {
        const karyolens = await Karyolens.load({ model, device: "cpu" });
        const png = await karyolens.renderSynthetic(["Grooves"], 1);
        for (const picture of [png, png.buffer, new Blob([png])]) answers.push(JSON.stringify(await karyolens.classify(picture)));
        karyolens.close();
      }
      return answers;
    }, "/pkg/index.js");
    assert.equal(answers.length, 15);
    assert.equal(new Set(answers).size, 1);
  });
});

test("a page is told what the numbers mean", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const picture = await render(join(folder, "cell.png"), "Grooves,Enlargement", 4);
  const [native] = await predict(SHIPPED_MODEL, [picture]);
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const { card, riskRule, modelHash, prediction } = await page.evaluate(async ({ address, bytes }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      const prediction = await karyolens.classify(new Uint8Array(bytes));
      const { card, riskRule, modelHash } = karyolens;
      karyolens.close();
      return { card, riskRule, modelHash, prediction };
    }, { address: "/pkg/index.js", bytes: [...await readFile(picture)] });

    assert.equal(modelHash, createHash("sha256").update(await readFile(SHIPPED_MODEL)).digest("hex"));

    assert.deepEqual(Object.keys(riskRule.weights).sort(), [...card.features].sort());
    /** @type {import("../../pkg/index.js").FeaturePrediction[]} */
    const present = prediction.features.filter((/** @type {any} */ feature) => feature.present);
    const score = present.reduce((sum, { name }) => sum + riskRule.weights[name], 0);
    const high = score >= riskRule.highFrom || present.some(({ name }) => riskRule.alwaysHigh.includes(name));
    const level = high ? "High" : score >= riskRule.mediumFrom ? "Medium" : "Low";
    assert.deepEqual(prediction.risk, { score, level });

    for (const [i, { probability, unsure }] of prediction.features.entries()) {
      const [low, high] = card.unsure[i];
      assert.equal(unsure, low <= probability && probability <= high);
      assert.equal(unsure, native.features[i].unsure);
    }
  });
});

test("without a secure context a model has no hash and works all the same", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.route("**/pkg/worker.js", async (route) => {
      const response = await route.fetch();
      const body = `Object.defineProperty(crypto, "subtle", { value: undefined });\n${await response.text()}`;
      await route.fulfill({ response, body });
    });
    await openBlank(page, server.address);
    const hash = await page.evaluate(async (address) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      karyolens.close();
      return karyolens.modelHash;
    }, "/pkg/index.js");
    assert.equal(hash, null);
  });
});

test("a heat map is the native program's, over the picture that the network is given", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const [png, tiff] = await Promise.all(
    ["cell.png", "cell.tiff"].map((name) => render(join(folder, name), "Grooves,Enlargement", 4)),
  );
  const native = JSON.parse(await karyolens("explain", "--model", SHIPPED_MODEL, "--feature", "Grooves", "--json", png));
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const { map, unknown, pictures, sides } = await page.evaluate(async ({ address, files }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      const [png, tiff] = files.map((bytes) => new Uint8Array(bytes));
      const map = await karyolens.explain(png, "Grooves");
      const unknown = await karyolens.explain(png, "Nonsense").catch((/** @type {Error} */ error) => error.message);
      /** @type {Uint8Array<ArrayBuffer>[]} */
      const pictures = [await karyolens.cellImage(png), await karyolens.cellImage(tiff)];
      const { width, height } = await createImageBitmap(new Blob([pictures[1]], { type: "image/png" }));
      karyolens.close();
      return { map, unknown, pictures: pictures.map(String), sides: [width, height] };
    }, { address: "/pkg/index.js", files: [[...await readFile(png)], [...await readFile(tiff)]] });

    const { values, rest, logit, ...place } = native;
    assert.deepEqual({ feature: map.feature, width: map.width, height: map.height, region: map.region }, place);
    assert.equal(map.values.length, values.length);
    const close = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-3;
    assert.ok(map.values.every((/** @type {number} */ value, /** @type {number} */ i) => close(value, values[i])));
    assert.ok(close(map.logit, logit) && close(map.rest, rest));
    assert.match(unknown, /Nonsense.*Grooves/);

    assert.deepEqual(sides, [224, 224]);
    assert.equal(pictures[0], pictures[1]);
  });
});

test("a closed classifier rejects what waits and what comes later", { timeout }, async () => {
  const messages = await withWorker(
    LOADING_WORKER,
    `const waiting = karyolens.classify(new Uint8Array(1));
     karyolens.close();
     return [waiting, karyolens.classify(new Uint8Array(1))];`,
  );
  assert.deepEqual(messages, ["the classifier was closed", "the classifier was closed", "closed"]);
});

test("a worker that dies costs the call that it was doing, and another takes its place", { timeout }, async () => {
  const messages = await withWorker(
    `${LOADING_WORKER}
     addEventListener("message", ({ data: { method } }) => {
       if (method === "classify") setTimeout(() => { throw new Error("no more"); });
       if (method === "verify") postMessage({ result: {} });
     });`,
    `return [karyolens.classify(new Uint8Array(1)), karyolens.verify(new Uint8Array(1)), karyolens.classify(new Uint8Array(1))];`,
  );
  assert.match(messages[0], /worker failed: .*no more/);
  assert.equal(messages[1], "resolved");
  assert.match(messages[2], /worker failed: .*no more/);
  assert.equal(messages[3], "open");
});

test("where no worker can take the place of one that died, the classifier ends", { timeout }, async () => {
  const messages = await withWorker(
    `${LOADING_WORKER}
     addEventListener("message", ({ data: { method } }) => {
       if (method === "classify") setTimeout(() => { throw new Error("no more"); });
     });`,
    `const Known = Worker;
     globalThis.Worker = class extends Known {
       constructor() { super(URL.createObjectURL(new Blob(["throw new Error('no more memory')"]))); }
     };
     return [karyolens.classify(new Uint8Array(1)), karyolens.verify(new Uint8Array(1)), karyolens.verify(new Uint8Array(1))];`,
  );
  assert.match(messages[0], /worker failed: .*no more/);
  for (const message of messages.slice(1, 3)) assert.match(message, /worker failed: .*no more memory/);
  assert.equal(messages[3], "closed");
});

test("a trap inside the wasm rejects the call with the panic's own words", { timeout }, async () => {
  // The real worker, over a module that panics as Rust does: first its hook's words, then the trap.
  const messages = await withModule(
    `export default async () => ({ memory: new WebAssembly.Memory({ initial: 1 }) });
     export const version = () => "0";
     export const render_synthetic = () => new Uint8Array(1);
     export const cell_image = () => new Uint8Array(1);
     const trap = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,116,0,0,10,5,1,3,0,0,11]));
     export class Classifier {
       static async load() { return Object.assign(new Classifier(), { card: {}, device: { kind: "cpu" } }); }
       async verify() { return {}; }
       classify() { return new Promise(() => queueMicrotask(() => {
         console.error("panicked at src/model.rs:1:1:\\nno such tensor\\n\\nStack:\\n");
         new WebAssembly.Instance(trap).exports.t();
       })); }
     }`,
    `return [karyolens.classify(new Uint8Array(1)), karyolens.verify(new Uint8Array(1))];`,
  );
  assert.deepEqual(messages, ["the classifier crashed: no such tensor", "resolved", "open"]);
});

for (const missing of ["worker-cpu.js", "worker.js", "karyolens_cpu.js", "karyolens_cpu_bg.wasm", "model.safetensors"]) {
  test(`loading without ${missing} is rejected and says so`, { timeout }, async () => {
    await withPage(browser, async (page) => {
      // Without any of its builds, where the program is what is missing.
      await page.route(`**/pkg/${missing.replace("_bg", "*_bg")}`, (route) => route.fulfill({ status: 404 }));
      await openBlank(page, server.address);
      const message = await page.evaluate(
        (address) => import(address).then(({ Karyolens }) => Karyolens.load({ device: "cpu" })).then(() => "loaded", String),
        "/pkg/index.js",
      );
      assert.ok(message.includes(missing), message);
    }, { expected: /404/ });
  });
}

test("where the browser has relaxed SIMD the build for it is taken, else the plain one", { timeout }, async () => {
  const wasm = await readFile(join(REPOSITORY, "pkg/karyolens_cpu_bg.wasm"));
  const builds = `export const BUILDS = [
    { kind: "cpu", address: new URL("./karyolens_cpu_relaxed_bg.wasm", import.meta.url), size: 1, needsRelaxedSimd: true },
    { kind: "cpu", address: new URL("./karyolens_cpu_bg.wasm", import.meta.url), size: 1, needsRelaxedSimd: false },
  ];`;
  for (const { hasRelaxedSimd, isThere, wanted } of [
    { hasRelaxedSimd: true, isThere: true, wanted: [/relaxed/] },
    { hasRelaxedSimd: false, isThere: true, wanted: [/cpu_bg/] },
    { hasRelaxedSimd: true, isThere: false, wanted: [/relaxed/, /cpu_bg/] },
  ]) {
    await withPage(browser, async (page, seen) => {
      await page.route("**/pkg/builds.js", (route) => route.fulfill({ contentType: "text/javascript", body: builds }));
      await page.route("**/pkg/karyolens_cpu_relaxed_bg.wasm", (route) =>
        route.fulfill(isThere ? { contentType: "application/wasm", body: wasm } : { status: 404 }));
      if (!hasRelaxedSimd) await page.addInitScript(() => { WebAssembly.validate = () => false; });
      await openBlank(page, server.address);
      await page.evaluate(async (address) => {
        const { Karyolens } = await import(address);
        (await Karyolens.load({ device: "cpu" })).close();
      }, "/pkg/index.js");
      const asked = seen.requests.filter((url) => url.endsWith(".wasm"));
      assert.equal(asked.length, wanted.length);
      asked.forEach((url, index) => assert.match(url, wanted[index]));
    }, { expected: /404/ });
  }
});

for (const { what, device, requestAdapter, kind } of [
  { what: "a graphics card", device: "auto", requestAdapter: "async () => ({ features: new Set(['timestamp-query']), info: { isFallbackAdapter: false } })", kind: "webgpu" },
  { what: "a graphics card that lacks a feature", device: "auto", requestAdapter: "async () => ({ features: new Set(), info: {} })", kind: "cpu" },
  { what: "a software adapter", device: "auto", requestAdapter: "async () => ({ features: new Set(['timestamp-query']), info: { isFallbackAdapter: true } })", kind: "cpu" },
  { what: "a software adapter of an older browser", device: "auto", requestAdapter: "async () => ({ features: new Set(['timestamp-query']), isFallbackAdapter: true })", kind: "cpu" },
  { what: "no adapter", device: "auto", requestAdapter: "async () => null", kind: "cpu" },
  { what: "an adapter that cannot be asked for", device: "auto", requestAdapter: "() => { throw new Error('lost'); }", kind: "cpu" },
  { what: "a graphics card that is not wanted", device: "cpu", requestAdapter: "() => { throw new Error('asked'); }", kind: "cpu" },
  { what: "no adapter but the wish for one", device: "webgpu", requestAdapter: "async () => null", kind: "webgpu" },
]) {
  test(`the program for ${kind} is taken where there is ${what}`, { timeout }, async () => {
    await withPage(browser, async (page, seen) => {
      await page.addInitScript(`Object.defineProperty(navigator, "gpu", { value: { requestAdapter: ${requestAdapter} } });`);
      await openBlank(page, server.address);
      const loaded = await page.evaluate(async ([address, device]) => {
        const { Karyolens } = await import(address);
        // The worker has no GPU, whatever the page believes.
        return Karyolens.load({ device }).then((/** @type {any} */ karyolens) => karyolens.device.kind, String);
      }, ["/pkg/index.js", device]);
      assert.match(loaded, device === "webgpu" ? /WebGPU/ : /^cpu$/);
      const asked = seen.requests.filter((url) => /karyolens_.*\.(js|wasm)$/.test(url));
      assert.equal(asked.length, 2, asked.join(" "));
      for (const url of asked) assert.ok(url.includes(`/karyolens_${kind}`), url);
    });
  });
}

test("a server that does not know what wasm is will do", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await page.route("**/pkg/*.wasm", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-type": "application/octet-stream" } });
    });
    await openBlank(page, server.address);
    const version = await page.evaluate(async (address) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ device: "cpu" });
      karyolens.close();
      return karyolens.version;
    }, "/pkg/index.js");
    assert.match(version, /^\d/);
  });
});

for (const workers of [1, 2]) {
  test(`with ${workers} at work, a picture that brings the program down costs only itself`, { timeout }, async (t) => {
    const folder = await folderFor(t);
    const names = ["first.png", "fatal.png", "next.png", "last.png"];
    const files = await Promise.all(names.map((name, seed) => render(join(folder, name), "Grooves", seed)));
    await withPage(browser, async (page) => {
      await page.route("**/pkg/worker.js", async (route) => {
        const response = await route.fetch();
        const body = `addEventListener("message", ({ data }) => {
          if (data.method === "classify" && data.args[0].name === "fatal.png") throw new Error("out of memory");
        });\n${await response.text()}`;
        await route.fulfill({ response, body });
      });
      await page.goto(`${server.address}?device=cpu&workers=${workers}`);
      await ready(page);
      await drop(page, files);
      const rows = await settledRows(page, 4);
      assert.deepEqual(rows.map((row) => row.state), ["done", "failed", "done", "done"]);
      assert.match(rows[1].message, /crashed: .*out of memory/);
      await ready(page);
    }, { expected: /out of memory/ });
  });
}

/** The first part of a worker of our own: it has loaded whatever it is given. */
const LOADING_WORKER = `
  addEventListener("message", ({ data: { method } }) => {
    if (method === "load") postMessage({ result: { device: { kind: "cpu" }, memory: 0 } });
  });`;

/**
 * Loads the package over a worker of our own and gives the messages of the promises that `script`
 * returns, and whether the classifier is closed then.
 *
 * @param {string} worker
 * @param {string} script
 */
function withWorker(worker, script) {
  return withReplaced("worker-cpu.js", worker, script);
}

/** The same over a wasm module of our own. @param {string} module @param {string} script */
function withModule(module, script) {
  return withReplaced("karyolens_cpu.js", module, script);
}

/** @param {string} file @param {string} body @param {string} script */
async function withReplaced(file, body, script) {
  /** @type {string[]} */
  let messages = [];
  await withPage(browser, async (page) => {
    await page.route(`**/pkg/${file}`, (route) => route.fulfill({ contentType: "text/javascript", body }));
    await openBlank(page, server.address);
    messages = await page.evaluate(async ({ address, script }) => {
      const { Karyolens } = await import(address);
      const karyolens = await Karyolens.load({ model: new Uint8Array(1), device: "cpu", workers: 1 });
      /** @type {Promise<unknown>[]} */
      const calls = new Function("karyolens", script)(karyolens);
      const outcomes = await Promise.all(calls.map((call) => call.then(() => "resolved", (error) => error.message)));
      return [...outcomes, karyolens.closed ? "closed" : "open"];
    }, { address: "/pkg/index.js", script });
  }, { expected: /no more|panicked|unreachable/ });
  return messages;
}
