/** All cores at work: how the workers share the calls, in the package and on the page. */

import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Queue } from "../../www/reading/queue.js";
import { PATIENCE, drop, folderFor, openBlank, openSite, ready, render, settledRows, withPage } from "./harness.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/**
 * A worker that takes a while over a call, and answers which worker it is, what it was asked and which
 * models it had been given. A model named "large" takes all the memory there is, one named "broken"
 * cannot be loaded.
 */
const SLOW_WORKER = `
  const worker = Math.random();
  const models = [];
  addEventListener("message", async ({ data: { method, model, args } }) => {
    if (method === "start") return postMessage({ result: undefined });
    if (method === "release") {
      models.splice(models.indexOf(args[0]), 1);
      return postMessage({ result: undefined });
    }
    if (method === "load") {
      const [{ name, device }] = args;
      if (name === "broken") return postMessage({ error: "the model is broken" });
      models.push(name);
      return postMessage({ result: { device: { kind: device }, memory: name === "large" ? 2 ** 40 : 0 } });
    }
    await new Promise((done) => setTimeout(done, 200));
    postMessage({ result: { worker, method, model, models: [...models] } });
  });`;

/** Counts for some 300 ms, which shows the worth of a second core at this moment. */
const SPINNING_WORKER = `
  addEventListener("message", () => {
    let sum = 0;
    for (let count = 0; count < 2e8; count++) sum = (31 * sum + count) | 0;
    postMessage(sum);
  });`;

test("workers start when there is work for them, and share it", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 3 }, async (page, call) => {
    assert.equal(page.workers().length, 1);
    await call("classify", 1);
    await call("classify", 1);
    assert.equal(page.workers().length, 1, "one call after another needs one worker");
    const answers = await call("classify", 9);
    assert.equal(page.workers().length, 3);
    assert.equal(new Set(answers.map(({ worker }) => worker)).size, 3);
  });
});

test("a worker that a large picture has filled makes way for another", { timeout }, async () => {
  const filled = SLOW_WORKER.replace("models: [...models] } });", "models: [...models] }, memory: method === 'cellImage' ? 2 ** 30 : 0 });");
  await withSlowWorkers({ device: "cpu", workers: 1 }, async (page, call) => {
    const [first, again] = [await call("classify", 1), await call("classify", 1)].flat();
    assert.equal(first.worker, again.worker);
    assert.equal((await call("cellImage", 1))[0].worker, first.worker);
    const [next] = await call("classify", 1);
    assert.notEqual(next.worker, first.worker);
    assert.equal(page.workers().length, 1);
  }, filled);
});

test("on WebGPU there is one worker, however many are asked for", { timeout }, async () => {
  await withSlowWorkers({ device: "webgpu", workers: 3 }, async (page, call) => {
    await call("classify", 4);
    assert.equal(page.workers().length, 1);
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).karyolens.workers), 1);
  });
});

test("without a wish there are as many workers as cores", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu" }, async (page) => {
    const [workers, cores] = await page.evaluate(() => [/** @type {any} */ (window).karyolens.workers, navigator.hardwareConcurrency]);
    assert.equal(workers, Math.min(cores, 16));
  });
});

test("workers start ahead of their calls where they are asked to", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 3 }, async (page, call) => {
    for (const [count, there] of [[2, 2], [1, 2], [9, 3]]) {
      await page.evaluate((count) => /** @type {any} */ (window).karyolens.startWorkers(count), count);
      while (page.workers().length < there) await page.waitForEvent("worker");
      assert.equal(page.workers().length, there);
    }
    assert.equal(new Set((await call("classify", 3)).map(({ worker }) => worker)).size, 3);
  });
});

test("a person's request comes before the pictures that wait", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 1 }, async (page) => {
    const order = await page.evaluate(async () => {
      const { karyolens } = /** @type {any} */ (window);
      /** @type {string[]} */
      const order = [];
      const ask = (/** @type {string} */ method, /** @type {unknown[]} */ ...args) =>
        karyolens[method](new Uint8Array(1), ...args).then(() => order.push(method));
      await Promise.all([ask("classify"), ask("classify"), ask("explain", "Grooves"), ask("cellImage")]);
      return order;
    });
    assert.deepEqual(order, ["classify", "explain", "cellImage", "classify"]);
  });
});

test("a picture is read as it was when it was given", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 1 }, async (page) => {
    const answers = await page.evaluate(async () => {
      const { karyolens } = /** @type {any} */ (window);
      const bytes = new Uint8Array([7]);
      const answers = [karyolens.classify(bytes), karyolens.classify(bytes)];
      bytes[0] = 0;
      return Promise.all(answers);
    });
    assert.deepEqual(answers.map(({ first }) => first), [7, 7]);
  }, SLOW_WORKER.replace("{ worker, method,", "{ first: args[0][0], worker, method,"));
});

test("every worker has every model, however late it started, until a model is released", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 3 }, async (page) => {
    const { before, after, failures } = await page.evaluate(async () => {
      const { karyolens } = /** @type {any} */ (window);
      const file = new Uint8Array(1);
      /** @type {(model: string | undefined, times: number) => Promise<{worker: number, model: string, models: string[]}[]>} */
      const ask = (model, times) => Promise.all(Array.from({ length: times }, () => karyolens.classify(file, { model })));
      await ask(undefined, 2); // Two workers are there when the second model comes.
      await karyolens.loadModel("second", { model: new Uint8Array(2) });
      const before = (await Promise.all([ask("second", 5), ask(undefined, 4)])).flat();
      const [sent, waiting] = [ask("second", 1), ask("second", 3).then(() => "answered", String)];
      karyolens.releaseModel("second");
      const failures = [await waiting, await ask("second", 1).then(() => "answered", String)];
      await sent.catch(() => {});
      return { before, failures, after: await ask(undefined, 9) };
    });
    assert.equal(new Set(before.map(({ worker }) => worker)).size, 3);
    assert.deepEqual(before.map(({ model }) => model), [...Array(5).fill("second"), ...Array(4).fill("default")]);
    for (const { models } of before) assert.deepEqual(models.sort(), ["default", "second"]);
    for (const { models } of after) assert.deepEqual(models, ["default"]);
    for (const failure of failures) assert.match(failure, /there is no model "second"; loaded: "default"/);
  });
});

test("a model that cannot be loaded leaves the others, and so does one that takes the memory of all but one worker", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 3 }, async (page, call) => {
    await call("classify", 3);
    const failure = await page.evaluate(() => {
      const { karyolens } = /** @type {any} */ (window);
      return karyolens.loadModel("broken", { model: new Uint8Array(2) }).then(() => "loaded", String);
    });
    assert.match(failure, /the model is broken/);
    assert.equal((await call("classify", 3)).length, 3);
    const [workers, names] = await page.evaluate(async () => {
      const { karyolens } = /** @type {any} */ (window);
      await karyolens.loadModel("large", { model: new Uint8Array(3) });
      return [karyolens.workers, [...karyolens.models.keys()]];
    });
    assert.equal(workers, 1);
    assert.deepEqual(names, ["default", "large"]);
    const answers = await call("classify", 4);
    assert.equal(new Set(answers.map(({ worker }) => worker)).size, 1);
    assert.equal(page.workers().length, 1);
  });
});

test("workers that are busy while a large model comes end after their calls, and the one that has it stays", { timeout }, async () => {
  await withSlowWorkers({ device: "cpu", workers: 3 }, async (page, call) => {
    await call("classify", 3);
    const { busy, answered } = await page.evaluate(async () => {
      const { karyolens } = /** @type {any} */ (window);
      // Two of the three have a call; the third takes the model.
      let answered = 0;
      const calls = [1, 2].map(() => karyolens.classify(new Uint8Array(1)).finally(() => answered++));
      await karyolens.loadModel("large", { model: new Uint8Array(3) });
      const answeredBefore = answered;
      /** @type {{worker: number}[]} */
      const busy = await Promise.all(calls);
      return { busy: busy.map(({ worker }) => worker), answered: answeredBefore };
    });
    assert.equal(answered, 0, "the model came first");
    assert.equal(new Set(busy).size, 2);
    const stayed = new Set((await call("classify", 4)).map(({ worker }) => worker));
    assert.equal(stayed.size, 1);
    assert.ok(!busy.some((worker) => stayed.has(worker)), "a worker that lacked the model took the place of the one that had it");
    assert.equal(page.workers().length, 1);
  });
});

for (const workers of [0, 1.5, "many"]) {
  test(`${workers} workers in the page's address are refused, and the page says why`, { timeout }, async () => {
    await withPage(browser, async (page) => {
      await page.goto(`${server.address}?device=cpu&workers=${workers}`);
      await page.locator("html[data-state=failed]").waitFor();
      assert.match(await page.locator("#status").innerText(), /workers is (0|1\.5|NaN); it must be a whole number from 1/);
    });
  });
}

test("the page reads with two workers, which share one program and one model", { timeout }, async (t) => {
  const folder = await folderFor(t);
  const files = await Promise.all(Array.from({ length: 8 }, (_, index) => render(join(folder, `cell ${index}.png`), "Grooves", index)));
  /** @type {unknown[]} */
  const readings = [];
  for (const workers of [1, 2]) {
    await withPage(browser, async (page, seen) => {
      await page.goto(`${server.address}?device=cpu&workers=${workers}`);
      await ready(page);
      await drop(page, files);
      const rows = await settledRows(page, files.length);
      assert.deepEqual(rows.map(({ name }) => name), files.map((_, index) => `cell ${index}.png`));
      readings.push(rows.map(({ state, features, risk }) => ({ state, features, risk })));
      assert.equal(page.workers().length, workers);
      for (const file of [/_bg\.wasm$/, /model\.safetensors$/]) {
        assert.equal(seen.requests.filter((url) => file.test(url)).length, 1, String(file));
      }
    });
  }
  assert.deepEqual(readings[1], readings[0]);
});

test("two workers read as much faster than one as two cores can", { timeout, skip: availableParallelism() < 2 && "one core" }, async (t) => {
  await withPage(browser, async (page) => {
    await openBlank(page, server.address);
    const rounds = await page.evaluate(async (spin) => {
      const { Karyolens } = await import(new URL("/pkg/index.js", location.href).href);
      const [one, two] = await Promise.all([1, 2].map((workers) => Karyolens.load({ device: "cpu", workers })));
      const picture = await one.renderSynthetic(["Grooves"], 1);
      const script = URL.createObjectURL(new Blob([spin], { type: "text/javascript" }));
      const spinners = [new Worker(script), new Worker(script)];
      /** Milliseconds for so many cells. */
      const reading = async (/** @type {any} */ karyolens, /** @type {number} */ count) => {
        const start = performance.now();
        await Promise.all(Array.from({ length: count }, () => karyolens.classify(picture)));
        return performance.now() - start;
      };
      /** Milliseconds until each of so many workers has counted for a while. */
      const spinning = async (/** @type {number} */ count) => {
        const start = performance.now();
        await Promise.all(spinners.slice(0, count).map((worker) => new Promise((done) => {
          worker.onmessage = done;
          worker.postMessage("spin");
        })));
        return performance.now() - start;
      };
      for (const karyolens of [one, two]) await reading(karyolens, 10);
      // In turn, so that other work of the machine slows both.
      const rounds = [];
      for (let round = 0; round < 9; round++) {
        const ours = (await reading(one, 20)) / (await reading(two, 20));
        const theirs = (2 * (await spinning(1))) / (await spinning(2));
        rounds.push({ ours, theirs });
      }
      for (const one of spinners) one.terminate();
      for (const karyolens of [one, two]) karyolens.close();
      return rounds;
    }, SPINNING_WORKER);
    const median = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[values.length >> 1];
    const [ours, theirs] = [median(rounds.map(({ ours }) => ours)), median(rounds.map(({ theirs }) => theirs))];
    t.diagnostic(`two workers read ${ours.toFixed(2)} times as fast as one; mere counting goes ${theirs.toFixed(2)} times as fast`);
    assert.ok(ours > 0.7 * theirs, `reading gains ${ours} by a second worker, counting ${theirs}`);
  });
});

test("the queue does so many jobs at once, in their order, and can be paused and cancelled", async () => {
  /** @type {Map<number, () => void>} */
  const running = new Map();
  /** @type {import("../../www/reading/queue.js").QueueProgress[]} */
  const told = [];
  const queue = new Queue(
    (/** @type {number[]} */ [job]) => new Promise((done) => running.set(job, () => (running.delete(job), done(1)))),
    (progress) => told.push(progress),
  );
  const finish = async (/** @type {number} */ job) => {
    running.get(job)?.();
    await new Promise(setImmediate);
  };
  queue.add([0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...running.keys()], [0]);
  queue.widen(2);
  assert.deepEqual([...running.keys()], [0, 1]);
  await finish(1);
  assert.deepEqual([...running.keys()], [0, 2]);
  queue.pause();
  await finish(0);
  assert.deepEqual([...running.keys()], [2]);
  assert.deepEqual({ ...told.at(-1), left: 0 }, { state: "paused", done: 2, total: 7, left: 0, cancelled: false });
  queue.resume();
  assert.deepEqual([...running.keys()], [2, 3]);
  assert.deepEqual(queue.cancel((job) => job === 5), [5]);
  assert.deepEqual(queue.cancel(), [4, 6]);
  await finish(3);
  assert.deepEqual({ ...told.at(-1), left: 0 }, { state: "running", done: 3, total: 4, left: 0, cancelled: true });
  await finish(2);
  assert.equal(told.at(-1)?.state, "idle");
  queue.add([7]);
  assert.deepEqual({ ...told.at(-1), left: 0 }, { state: "running", done: 0, total: 1, left: 0, cancelled: false });
  await finish(7);
});

test("jobs that belong together are done together, in pieces that end at the same time", async () => {
  /** @type {number[][]} */
  const pieces = [];
  /** @type {import("../../www/reading/queue.js").QueueProgress[]} */
  const told = [];
  const work = async (/** @type {number[]} */ jobs) => {
    pieces.push(jobs);
    await new Promise(setImmediate);
    return jobs.length;
  };
  const queue = new Queue(work, (progress) => told.push(progress), (a, b) => a < 100 === b < 100);
  queue.widen(2);
  queue.add([...Array(70).keys(), 100, 101]);
  while (told.at(-1)?.state !== "idle") await new Promise(setImmediate);
  assert.deepEqual(pieces.flat(), [...Array(70).keys(), 100, 101]);
  const sizes = pieces.map(({ length }) => length);
  assert.deepEqual(sizes.slice(0, 2), [16, 14], "no piece has more than 16 jobs, nor more than its share of the rest");
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
  assert.equal(sizes.at(-1), 1);
  assert.ok(pieces.every((jobs) => new Set(jobs.map((job) => job < 100)).size === 1));
  assert.deepEqual(told.map(({ done }) => done), told.map(({ done }) => done).toSorted((a, b) => a - b));
  assert.equal(told.findLast(({ state }) => state === "running")?.total, 72);
});

test("the time left is that of all workers together", async () => {
  /** @type {import("../../www/reading/queue.js").QueueProgress[]} */
  const told = [];
  const queue = new Queue(() => new Promise((done) => setTimeout(() => done(1), 100)), (progress) => told.push(progress));
  queue.widen(4);
  queue.add(Array.from({ length: 40 }, (_, index) => index));
  const begin = performance.now();
  while (told.at(-1)?.state !== "idle") await new Promise((done) => setTimeout(done, 10));
  const took = performance.now() - begin;
  const halfway = told.find(({ done }) => done === 20)?.left ?? 0;
  assert.ok(halfway > 0.25 * took && halfway < took, `${halfway} ms were said to be left of ${took / 2}`);
});

/**
 * Loads the package with slow workers of our own, as `karyolens` in the page, and gives a function that
 * calls a method so many times at once.
 *
 * @param {object} options of `Karyolens.load`
 * @param {(page: import("playwright-core").Page, call: (method: string, times: number) => Promise<{worker: number}[]>) => Promise<void>} body
 * @param {string} [worker]
 */
function withSlowWorkers(options, body, worker = SLOW_WORKER) {
  return withPage(browser, async (page) => {
    await page.route("**/pkg/worker-{cpu,webgpu}.js", (route) => route.fulfill({ contentType: "text/javascript", body: worker }));
    await openBlank(page, server.address);
    await page.evaluate(async (options) => {
      const { Karyolens } = await import(new URL("/pkg/index.js", location.href).href);
      Object.assign(window, { karyolens: await Karyolens.load({ model: new Uint8Array(1), ...options }) });
    }, options);
    await body(page, (method, times) => page.evaluate(({ method, times }) => {
      const { karyolens } = /** @type {any} */ (window);
      return Promise.all(Array.from({ length: times }, () => karyolens[method](new Uint8Array(1))));
    }, { method, times }));
  });
}
