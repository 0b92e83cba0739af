/** The npm package as another application meets it: its files, its answers and its errors. */

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

/** Milliseconds between two pictures of a screen; a busy machine is given twice that. */
const A_FRAME = 2 * 16;

test("npm packs all that the package needs and nothing else", { timeout }, async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], { cwd: join(REPOSITORY, "pkg") });
  /** @type {{path: string, size: number}[]} */
  const files = JSON.parse(stdout)[0].files;
  const builds = (await readdir(join(REPOSITORY, "pkg"))).filter((name) => name.endsWith("_bg.wasm"));
  assert.deepEqual(files.map((file) => file.path).sort(), [
    "README.md", "builds.js", "decide.js", "hash.js", "index.d.ts", "index.js", "karyolens_cpu.d.ts", "karyolens_cpu.js", ...builds,
    "by-browser.js", "karyolens_cpu_bg.wasm.d.ts", "karyolens_webgpu.d.ts", "karyolens_webgpu.js", "karyolens_webgpu_bg.wasm.d.ts", "found.js", "geometry.js", "gpu.js", "message.js", "model.safetensors", "nuclei.js", "own-program.js", "package.json", "picture.js", "pool.js", "remote.js", "share.js", "simd.js", "source.js",
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

test("a page is told the meaning of the numbers", { timeout }, async (t) => {
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

test("several models are used by their names, as if each had workers of its own", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const found = await page.evaluate(async (address) => {
      const { Karyolens } = await import(address);
      const [first, second] = ["/pkg/model.safetensors", "/pkg/models/vit.safetensors"];
      const together = await Karyolens.load({ device: "cpu", workers: 2, model: first });
      const alone = await Karyolens.load({ device: "cpu", workers: 1, model: second });
      const png = await together.renderSynthetic(["Grooves", "Glassy"], 7);
      const own = await together.classify(png);
      const model = await together.loadModel("vit", { model: second });
      const text = JSON.stringify;
      const both = await Promise.all([1, 2, 3].flatMap(() => [together.classify(png), together.classify(png, { model: "vit" })]));
      const other = await alone.classify(png);
      const found = {
        names: [...together.models.keys()],
        cards: [text(model.card) === text(alone.card), text(together.card) !== text(alone.card), text(together.models.get("vit")) === text(model)],
        hashes: [model.modelHash === alone.modelHash, together.modelHash !== alone.modelHash],
        apart: text(own) !== text(other),
        same: both.every((answer, index) => text(answer) === text(index % 2 === 0 ? own : other)),
        maps: text(await together.explain(png, "Grooves", { model: "vit" })) === text(await alone.explain(png, "Grooves")),
        times: (await together.measure({ model: "vit", passes: 2 })).length,
        damaged: await together.loadModel("damaged", { model: new Uint8Array(9) }).then(() => "loaded", String),
        unnamed: await together.loadModel("", { model: first }).then(() => "loaded", String),
        // Another model under the name.
        replaced: (await together.loadModel("vit", { model: first })).modelHash === together.modelHash,
        after: text(await together.classify(png, { model: "vit" })) === text(own),
        missing: "",
        last: false,
      };
      together.releaseModel("vit");
      found.missing = await together.classify(png, { model: "vit" }).then(() => "read", String);
      found.last = text(await together.classify(png)) === text(own) && together.models.size === 1;
      for (const karyolens of [together, alone]) karyolens.close();
      return found;
    }, "/pkg/index.js");
    const { names, cards, hashes, damaged, unnamed, missing, times, ...rest } = found;
    assert.deepEqual(names, ["default", "vit"]);
    assert.ok([...cards, ...hashes].every(Boolean), JSON.stringify({ cards, hashes }));
    assert.equal(times, 2);
    assert.match(damaged, /not a whole .safetensors file/);
    assert.match(unnamed, /TypeError: a model's name is ""/);
    assert.match(missing, /there is no model "vit"; loaded: "default"/);
    for (const [what, holds] of Object.entries(rest)) assert.ok(holds, what);
  });
});

test("the page decides as the program does, with thresholds and answers of a person's own", { timeout }, async (t) => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const { card, riskRule, prediction, decisions, wrong, many } = await page.evaluate(async (address) => {
      const { Karyolens, loadDecide } = await import(address);
      const [karyolens, decide] = await Promise.all([Karyolens.load({ device: "cpu" }), loadDecide({ device: "cpu" })]);
      const { card, riskRule } = karyolens;
      const prediction = await karyolens.classify(await karyolens.renderSynthetic(["Grooves", "Enlargement"], 4));
      karyolens.close();
      const rules = { ...card, riskRule };
      const probabilities = prediction.features.map((/** @type {any} */ { probability }) => probability);
      const present = prediction.features.map((/** @type {any} */ { present }) => present);
      const answers = new Map([["Inclusion", true], ["Glassy", !present[3]]]);
      const moved = new Map([["Grooves", probabilities[1]], ["Wrinkled", Math.min(1, probabilities[5] + 1e-6)]]);
      const decisions = {
        plain: decide(rules, [{ probabilities }])[0],
        answered: decide(rules, [{ probabilities: new Float32Array(9) }, { probabilities, answers }])[1],
        moved: decide(rules, [{ probabilities }], moved)[0],
        otherNames: decide({ features: ["Halo"], thresholds: [0.5], riskRule: null }, [{ probabilities: [0.5] }, { probabilities: [0.4] }]),
        none: decide(rules, []),
      };
      let wrong = "";
      try {
        decide(rules, [{ probabilities: [0.5] }]);
      } catch (error) {
        wrong = String(error);
      }
      // A slider that is dragged, over many cells.
      const cells = Array.from({ length: 1000 }, () => ({ probabilities: card.features.map(() => Math.random()), answers: new Map([["Glassy", true]]) }));
      const many = [];
      for (let step = 0; step < 30; step++) {
        const start = performance.now();
        decide(rules, cells, new Map([["Grooves", step / 30]]));
        many.push(performance.now() - start);
      }
      const oneByOne = performance.now();
      for (const cell of cells) decide(rules, [cell], moved);
      return { card, riskRule, prediction, decisions, wrong, many: { atOnce: many, oneByOne: performance.now() - oneByOne } };
    }, "/pkg/index.js");

    /** @type {import("../../pkg/index.js").Decision} */
    const plain = decisions.plain;
    assert.deepEqual(
      plain.calls.map(({ name, probability, threshold, present, unsure }) => ({ name, probability, threshold, present, unsure })),
      prediction.features,
    );
    for (const [i, { band, model, present, moved, answer }] of plain.calls.entries()) {
      assert.deepEqual({ band, model, moved, answer }, { band: card.unsure[i], model: present, moved: false, answer: null });
    }
    const { score, level, terms } = /** @type {NonNullable<typeof plain.risk>} */ (plain.risk);
    assert.deepEqual({ score, level }, prediction.risk);
    assert.deepEqual(terms, plain.calls.filter(({ present }) => present).map(({ name }) => ({ name, weight: riskRule.weights[name] })));
    assert.equal(terms.reduce((sum, { weight }) => sum + weight, 0), score);

    const [inclusion, glassy] = [decisions.answered.calls[2], decisions.answered.calls[3]];
    assert.deepEqual([inclusion.answer, inclusion.present], [true, true]);
    assert.deepEqual([glassy.present, glassy.model], [glassy.answer, !glassy.answer]);
    assert.deepEqual([decisions.answered.risk.level, decisions.answered.risk.forced], ["High", "Inclusion"]);

    const [grooves, wrinkled] = [decisions.moved.calls[1], decisions.moved.calls[5]];
    assert.deepEqual([grooves.moved, grooves.present, grooves.threshold], [true, true, grooves.probability]);
    assert.deepEqual([wrinkled.moved, wrinkled.present], [true, false]);
    const by = grooves.threshold - card.thresholds[1];
    assert.deepEqual(grooves.band, [Math.max(0, card.unsure[1][0] + by), Math.min(1, card.unsure[1][1] + by)]);

    /** @type {import("../../pkg/index.js").Decision[]} */
    const others = decisions.otherNames;
    assert.deepEqual(others.map(({ calls, risk }) => [calls[0].present, calls[0].band, risk]), [[true, null, null], [false, null, null]]);
    assert.deepEqual(decisions.none, []);
    assert.match(wrong, /1 probabilities for 9 features/);

    const median = many.atOnce.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b)[15];
    t.diagnostic(`1000 cells are decided in ${median.toFixed(1)} ms at once, in ${many.oneByOne.toFixed(1)} ms one by one`);
    assert.ok(median < A_FRAME, `${median} ms`);
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
     const trap = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,116,0,0,10,5,1,3,0,0,11]));
     export const load_model = async () => Object.assign(new Classifier(), { card: {}, device: { kind: "cpu" } });
     class Classifier {
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
      // A missing program lacks both its builds.
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

/** The first part of a worker of our own: it starts and loads, whatever it is given. */
const LOADING_WORKER = `
  addEventListener("message", ({ data: { method } }) => {
    if (method === "start") postMessage({ result: undefined });
    if (method === "load") postMessage({ result: { device: { kind: "cpu" }, memory: 0 } });
  });`;

/**
 * Loads the package with a worker of our own in the place of its own. Gives the messages of the promises
 * that `script` returns, and at the end whether the classifier is closed.
 *
 * @param {string} worker
 * @param {string} script
 */
function withWorker(worker, script) {
  return withReplaced("worker-cpu.js", worker, script);
}

/** The same with a wasm module of our own. @param {string} module @param {string} script */
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
