/** The browser's own storage of a session. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, openSite, withPage } from "./harness.js";
import { CELLS, loadModules, openModules, readCell, sessionOf } from "./made-up-sessions.js";

/** @import { JSHandle, Page } from "playwright-core" */
/** @import { Session } from "../../www/session/session.js" */
/** @import { Modules } from "./made-up-sessions.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/**
 * Starts the storage for a session of the page; what it says is collected in `states`.
 *
 * @param {Page} page
 * @param {JSHandle<Modules>} modules
 * @param {JSHandle<Session>} session
 */
async function startStorage(page, modules, session) {
  const kept = await page.evaluateHandle(async ({ modules, session }) => {
    /** @type {{state: string, reason: string}[]} */
    const states = [];
    const storage = modules.openStorage(session, { onState: (state, reason) => states.push({ state, reason }) });
    const restored = await storage.restore();
    return { states, storage, restored };
  }, { modules, session });
  /** Waits for a state and gives its reason. @param {string} wanted @param {{after?: number}} [options] */
  const until = async (wanted, { after = 0 } = {}) => {
    await page.waitForFunction(
      ({ kept, wanted, after }) => kept.states.length > after && kept.states.at(-1)?.state === wanted,
      { kept, wanted, after },
    );
    return page.evaluate((kept) => kept.states.at(-1)?.reason ?? "", kept);
  };
  return { kept, until };
}

/** Loads the page anew with an empty session and gives what came back into it. @param {Page} page */
async function reloaded(page) {
  await page.reload();
  const modules = await loadModules(page, server.address);
  const session = await page.evaluateHandle((modules) => new modules.Session(), modules);
  const storage = await startStorage(page, modules, session);
  const json = await page.evaluate(({ modules, session }) => modules.toJson(session, { time: new Date(0) }), { modules, session });
  const pictures = await page.evaluate(
    (session) => Promise.all(session.cells.map(async ({ source: { bytes } }) => (bytes ? [bytes.type, ...new Uint8Array(await bytes.arrayBuffer())].join() : null))),
    session,
  );
  return { modules, session, json, pictures, ...storage };
}

/** @param {Page} page @returns {Promise<string[]>} */
function databases(page) {
  return page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name ?? ""));
}

test("a session survives a reload with its pictures, corrections and thresholds", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS, { pictures: true });
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate((session) => {
      session.correct(session.cells[0], "Inclusion", true);
      session.remove(session.cells[1]);
      session.add([{ name: "late.png", bytes: new Blob(["late"], { type: "image/png" }) }]);
      session.moveThreshold("Glassy", 0.75);
    }, session);
    await until("kept", { after: 4 });
    const [json, pictures] = await page.evaluate(async ({ modules, session }) => [
      modules.toJson(session, { time: new Date(0) }),
      await Promise.all(session.cells.map(async ({ source: { bytes } }) => bytes && [bytes.type, ...new Uint8Array(await bytes.arrayBuffer())].join())),
    ], { modules, session });

    const again = await reloaded(page);
    assert.equal(again.json, json);
    assert.deepEqual(again.pictures, pictures);
    assert.equal(again.pictures.filter((picture) => picture !== null).length, CELLS.length);
    assert.match(again.json, /late\.png/);
    assert.equal(await page.evaluate((session) => session.unsaved, again.session), true, "no export holds it");
    // What came back goes on being kept.
    await page.evaluate((session) => {
      session.resetThresholds();
      session.markSaved();
    }, again.session);
    await again.until("kept", { after: 2 });
    const last = await reloaded(page);
    assert.match(last.json, /"movedThresholds": \{\}/);
    assert.equal(await page.evaluate((session) => session.unsaved, last.session), false);
  });
});

test("what is changed just before the page is left is kept too", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate((session) => {
      session.remove(session.cells[0]);
      session.correct(session.cells[0], "Overlapping", true);
      session.moveThreshold("Glassy", 0.875);
    }, session);
    const { sources, cells, movedThresholds } = JSON.parse((await reloaded(page)).json);
    assert.equal(sources[cells[0].source].name, CELLS[1].name);
    assert.deepEqual([cells[0].corrections, movedThresholds.Glassy], [{ Overlapping: true }, 0.875]);
  });
});

test("of a thousand cells only what has changed is written, and in small pieces", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const cells = Array.from({ length: 1000 }, (_, index) => readCell(`cell ${index}.png`, index));
    const session = await sessionOf(page, modules, cells);
    // Counts what each transaction is asked to write.
    const written = await page.evaluateHandle(() => {
      /** @type {Map<IDBTransaction, number>} */
      const written = new Map();
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (/** @type {unknown} */ value, /** @type {IDBValidKey | undefined} */ key) {
        written.set(this.transaction, (written.get(this.transaction) ?? 0) + 1);
        return put.call(this, value, key);
      };
      return written;
    });
    const writes = () => page.evaluate((written) => {
      const counts = [...written.values()];
      written.clear();
      return counts;
    }, written);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    const all = await writes();
    assert.equal(all.reduce((sum, count) => sum + count), 2001, "every source and every cell once, and the rules");
    assert.ok(Math.max(...all) <= 51, `${Math.max(...all)} records in one piece`);

    await page.evaluate((session) => {
      for (const feature of ["Grooves", "Glassy", "Crowding"]) session.correct(session.cells[500], feature, true);
    }, session);
    await until("kept", { after: 4 });
    assert.deepEqual(await writes(), [2], "the cell, and that there is something unsaved now");
    await page.evaluate((session) => session.moveThreshold("Crowding", 0.4), session);
    await until("kept", { after: 6 });
    assert.deepEqual(await writes(), [1]);
    assert.equal((JSON.parse((await reloaded(page)).json)).cells.length, 1000);
  });
});

/** A tab beside `page`, in the same browser of the same person. @param {Page} page */
async function anotherTab(page) {
  const [tab] = await Promise.all([page.waitForEvent("popup"), page.evaluate(() => void open("about:blank"))]);
  return tab;
}

test("a second tab says that it is not kept, and does not touch the first one's session", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, [readCell("first.png", 1)]);
    const first = await startStorage(page, modules, session);
    await first.until("kept", { after: 2 });

    const second = await anotherTab(page);
    const modulesThere = await openModules(second, server.address);
    const sessionThere = await sessionOf(second, modulesThere, [readCell("second.png", 2)]);
    const storageThere = await startStorage(second, modulesThere, sessionThere);
    assert.match(await storageThere.until("second-tab"), /another tab/);
    assert.equal(await second.evaluate((kept) => kept.restored.length, storageThere.kept), 0);
    await second.evaluate((session) => session.moveThreshold("Glassy", 0.9), sessionThere);
    // Longer than a change waits to be written.
    await second.waitForTimeout(700);
    await second.close();
    const again = await reloaded(page);
    assert.match(again.json, /first\.png/);
    assert.doesNotMatch(again.json, /second\.png|Glassy": 0\.9/);
    assert.equal(await page.evaluate((kept) => kept.states[0].state, again.kept), "kept");
  });
});

test("“delete everything” leaves no database and no setting of ours, and nothing comes back", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address, "vi");
    const empty = await page.evaluateHandle((modules) => new modules.Session(), modules);
    await startStorage(page, modules, empty);
    assert.deepEqual(await databases(page), [], "without a cell nothing is made");

    await page.reload();
    const anew = await loadModules(page, server.address, "vi");
    const session = await sessionOf(page, anew, CELLS, { pictures: true });
    const { kept, until } = await startStorage(page, anew, session);
    await until("kept", { after: 2 });
    assert.deepEqual(await databases(page), ["karyolens"]);
    await page.evaluate(async ({ kept, session }) => {
      localStorage.setItem("of-another-page", "stays");
      // While something is still to be written.
      session.correct(session.cells[0], "Grooves", false);
      session.add([{ name: "last.png", bytes: new Blob(["last"]) }]);
      await kept.storage.deleteEverything();
    }, { kept, session });
    assert.deepEqual(await databases(page), []);
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ["of-another-page"]);
    assert.deepEqual(await page.evaluate((session) => [session.cells.length, session.moved.size], session), [0, 0]);
    // Longer than a change waits to be written.
    await page.waitForTimeout(700);
    assert.deepEqual(await databases(page), []);

    // And then it keeps again.
    const said = await page.evaluate((kept) => kept.states.length, kept);
    await page.evaluate((session) => session.add([{ name: "new.png", bytes: new Blob(["new"]) }]), session);
    await until("kept", { after: said + 1 });
    assert.deepEqual(JSON.parse((await reloaded(page)).json).sources.map((/** @type {any} */ source) => source.name), ["new.png"]);
  });
});

test("what another tab deletes is not kept any more, and that is said", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    const first = await startStorage(page, modules, session);
    await first.until("kept", { after: 2 });
    const second = await anotherTab(page);
    const modulesThere = await openModules(second, server.address);
    const sessionThere = await sessionOf(second, modulesThere, []);
    const storageThere = await startStorage(second, modulesThere, sessionThere);
    await storageThere.until("second-tab");
    await second.evaluate((kept) => kept.storage.deleteEverything(), storageThere.kept);
    assert.match(await first.until("off"), /deleted in another tab/);
    await page.evaluate((session) => session.correct(session.cells[0], "Grooves", true), session);
    await page.waitForTimeout(700);
    assert.deepEqual(await databases(page), []);
    await second.close();
  });
});

test("without room the pictures are given up before the calls, and that is said", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    await page.evaluate((session) => session.updateSource(session.cells[0].source, { bytes: new Blob([new Uint8Array(60_000_000)]) }), session);
    const devtools = await page.context().newCDPSession(page);
    const origin = new URL(server.address).origin;
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 20_000_000 });
    const { until } = await startStorage(page, modules, session);
    assert.match(await until("full"), /no more room: the picture of one cell is not kept/);
    // Without that cell there is room for the others.
    await page.evaluate((session) => session.remove(session.cells[0]), session);
    assert.equal(await until("kept"), "");
    const again = await reloaded(page);
    assert.equal(JSON.parse(again.json).cells.length, CELLS.length - 1);
  });
});

test("a kept session that cannot be read is said to be so, and left alone until it is deleted", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, [readCell("first.png", 1)]);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate(() => new Promise((done) => {
      indexedDB.open("karyolens").addEventListener("success", (event) => {
        const database = /** @type {IDBOpenDBRequest} */ (event.target).result;
        const transaction = database.transaction("cells", "readwrite");
        transaction.objectStore("cells").put({ source: 1 }, 2);
        transaction.addEventListener("complete", () => {
          database.close();
          done(undefined);
        });
      });
    }));
    const again = await reloaded(page);
    assert.match(await again.until("off"), /cannot be read.*cells\[0\]\.\w+ is missing/);
    assert.deepEqual(await databases(page), ["karyolens"]);
    await page.evaluate((kept) => kept.storage.deleteEverything(), again.kept);
    await again.until("kept");
    assert.deepEqual(await databases(page), []);
  });
});

/** Two fields of the same bytes and a cell image, with two outlines in each field. @param {Page} page @param {JSHandle<Modules>} modules */
function sessionWithFields(page, modules) {
  return page.evaluateHandle((modules) => {
    const session = new modules.Session();
    const square = (/** @type {number} */ left) => /** @type {[number, number][]} */ ([[left, 0], [left + 9, 0], [left + 9, 9], [left, 9.5]]);
    const contours = [square(0), square(20)];
    session.add([
      { name: "B5_141.jpg", bytes: new Blob(["field"]), contours },
      { name: "copy of B5_141.jpg", bytes: new Blob(["field"]), contours },
      { name: "cell.png", bytes: new Blob(["cell"]) },
    ]);
    const sha256 = "d".repeat(64);
    for (const source of session.sources.slice(0, 2)) session.updateSource(source, { sha256 });
    session.correct(session.cells[1], "Grooves", true);
    return session;
  }, modules);
}

test("the cells of a field share one source; two fields of the same bytes stay two", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionWithFields(page, modules);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    const json = await page.evaluate(({ modules, session }) => modules.toJson(session, { time: new Date(0) }), { modules, session });
    assert.deepEqual(JSON.parse(json).cells.map((/** @type {any} */ cell) => cell.source), [0, 0, 1, 1, 2]);
    const again = await reloaded(page);
    assert.equal(again.json, json);
    const kept = await page.evaluate(async ({ session, json, modules }) => {
      const [a, b, c, d, e] = session.cells;
      const names = session.cells.map((cell) => session.nameOf(cell));
      const shared = [a.source === b.source, c.source === d.source, a.source === c.source, d.source === e.source];
      // From a file the bytes are missing; one file gives them to both fields.
      const opened = new modules.Session();
      modules.replaceSession(opened, json);
      const given = modules.attachBytes(opened, new Blob(["field"]), "d".repeat(64)).length;
      const withBytes = opened.sources.map(({ bytes }) => bytes !== null);
      // The last cell takes its source away.
      for (const cell of [a, b]) session.remove(cell);
      return { names, shared, given, withBytes, left: session.sources.map(({ name }) => name), numbers: session.cells.map((cell) => session.numberOf(cell)) };
    }, { session: again.session, json, modules: again.modules });
    assert.deepEqual(kept, {
      names: ["B5_141.jpg #1", "B5_141.jpg #2", "copy of B5_141.jpg #1", "copy of B5_141.jpg #2", "cell.png"],
      shared: [true, true, false, false],
      given: 4,
      withBytes: [true, true, false],
      left: ["copy of B5_141.jpg", "cell.png"],
      numbers: [1, 2, null],
    });
    await again.until("kept", { after: 2 });
    const counts = () => page.evaluate(() => new Promise((done) => {
      indexedDB.open("karyolens").addEventListener("success", async (event) => {
        const database = /** @type {IDBOpenDBRequest} */ (event.target).result;
        const transaction = database.transaction(["sources", "bytes", "cells"]);
        const asked = ["sources", "bytes", "cells"].map((store) => transaction.objectStore(store).count());
        transaction.addEventListener("complete", () => {
          database.close();
          done(asked.map(({ result }) => result));
        });
      });
    }));
    assert.deepEqual(await counts(), [2, 2, 3], "bytes are there once a source, and none is left behind");
  });
});

/**
 * What version 1 kept of two cells, one with a picture, and of `failed` further cells, each with a message of
 * 50 KB that no compression shortens.
 *
 * @param {Page} page
 * @param {{failed?: number}} [options]
 */
function keepVersion1(page, { failed = 0 } = {}) {
  return page.evaluate((failed) => new Promise((done) => {
    const request = indexedDB.open("karyolens", 1);
    request.addEventListener("upgradeneeded", () => {
      for (const store of ["cells", "pictures", "rules"]) request.result.createObjectStore(store);
    });
    request.addEventListener("success", () => {
      const transaction = request.result.transaction(["cells", "pictures", "rules"], "readwrite");
      ["B5_1_cell_1.png", "B5_1_cell_2.png"].forEach((file, index) => {
        const cell = { file, sha256: null, synthetic: null, state: "waiting", failure: "", reading: null, corrections: { Grooves: true } };
        transaction.objectStore("cells").put(cell, index + 1);
      });
      for (let index = 0; index < failed; index++) {
        const failure = Array.from(crypto.getRandomValues(new Uint8Array(25_000)), (byte) => byte.toString(16).padStart(2, "0")).join("");
        const cell = { file: "failed.png", sha256: null, synthetic: null, state: "failed", failure, reading: null, corrections: {} };
        transaction.objectStore("cells").put(cell, index + 3);
      }
      transaction.objectStore("pictures").put(new Blob(["picture"]), 2);
      transaction.objectStore("rules").put({ models: [], movedThresholds: { Glassy: 0.5 }, unsaved: true }, "rules");
      transaction.addEventListener("complete", () => {
        request.result.close();
        done(undefined);
      });
    });
  }), failed);
}

test("a kept session of version 1 is carried over whole, or left as it was", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    await keepVersion1(page);
    // The browser ends in the middle of it.
    const ended = await page.evaluate(async (modules) => {
      const put = IDBObjectStore.prototype.put;
      let count = 0;
      IDBObjectStore.prototype.put = function (/** @type {unknown} */ value, /** @type {IDBValidKey | undefined} */ key) {
        const request = put.call(this, value, key);
        if (++count === 3) this.transaction.abort();
        return request;
      };
      const session = new modules.Session();
      const states = /** @type {string[]} */ ([]);
      const restored = await modules.openStorage(session, { onState: (state) => states.push(state) }).restore();
      return { states, restored: restored.length };
    }, modules);
    assert.deepEqual(ended, { states: ["off"], restored: 0 });
    const again = await reloaded(page);
    const { sources, cells, movedThresholds } = JSON.parse(again.json);
    assert.deepEqual(sources.map((/** @type {any} */ { name, slide, kind }) => [name, slide, kind]), [
      ["B5_1_cell_1.png", "B5", "cell-image"], ["B5_1_cell_2.png", "B5", "cell-image"],
    ]);
    assert.deepEqual(cells.map((/** @type {any} */ { source, contour, corrections }) => [source, contour, corrections]), [
      [0, null, { Grooves: true }], [1, null, { Grooves: true }],
    ]);
    assert.deepEqual(movedThresholds, { Glassy: 0.5 });
    assert.deepEqual(again.pictures.map((picture) => picture !== null), [false, true]);
    assert.equal(await page.evaluate((session) => session.unsaved, again.session), true);
  });
});

test("a kept session of version 1 that is damaged is said to be so, and left as it was", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openModules(page, server.address);
    await keepVersion1(page);
    await page.evaluate(() => new Promise((done) => {
      indexedDB.open("karyolens").addEventListener("success", (event) => {
        const database = /** @type {IDBOpenDBRequest} */ (event.target).result;
        const transaction = database.transaction("cells", "readwrite");
        transaction.objectStore("cells").put({ file: "damaged" }, 2);
        transaction.addEventListener("complete", () => {
          database.close();
          done(undefined);
        });
      });
    }));
    const again = await reloaded(page);
    assert.match(await again.until("off"), /cannot be read.*cells\[1\]\.\w+ is missing/);
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ version }) => version)), [1]);
  });
});

test("a kept session of version 1 without room to be carried over is left as it was, and that is said", { timeout }, async () => {
  await withPage(browser, async (page) => {
    await openModules(page, server.address);
    const devtools = await page.context().newCDPSession(page);
    const origin = new URL(server.address).origin;
    // Room for one copy of the cells, but not for two.
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 3_000_000 });
    await keepVersion1(page, { failed: 40 });
    const full = await reloaded(page);
    assert.match(await full.until("full"), /needs more room/);
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ version }) => version)), [1]);
    await page.evaluate((kept) => kept.storage.deleteEverything(), full.kept);
    await full.until("kept");
    assert.deepEqual(await databases(page), []);
  });
});
