/** A saved session is opened again: everything in the file is checked, and pictures find their cells. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE, openSite, withPage } from "./harness.js";
import { CELLS, FEATURES, MODEL, openModules, sessionOf } from "./made-up-sessions.js";

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

/** A file that is wrong in one point, and what the page says of it. @type {[RegExp, (file: any) => unknown][]} */
const WRONG_FILES = [
  [/no JSON/, () => ""],
  [/no JSON/, (file) => JSON.stringify(file).replace(/"probabilities":\[[\d.]+/, '"probabilities":[NaN')],
  [/no session of Karyolens/, () => null],
  [/no session of Karyolens/, () => []],
  [/no session of Karyolens/, (file) => ({ ...file, format: "other" })],
  [/version 3 of the format; this page reads version 2/, (file) => ({ ...file, version: 3 })],
  [/version “1” of the format/, (file) => ({ ...file, version: "1" })],
  [/cells is missing/, ({ cells: _, ...file }) => file],
  [/no entry surprise/, (file) => ({ ...file, surprise: 1 })],
  [/no entry __proto__/, (file) => JSON.stringify(file).replace("{", '{"__proto__":{"polluted":1},')],
  [/no entry cells\[0\]\.__proto__/, (file) => JSON.stringify(file).replace('"source":', '"__proto__":{"polluted":1},"source":')],
  [/cells\[0\]\.corrections\.__proto__ should be true or false, and is an object/, (file) => JSON.stringify(file).replace('"corrections":{}', '"corrections":{"__proto__":{"polluted":1}}')],
  [/cells should be a list, and is an object/, (file) => ({ ...file, cells: { length: 1 } })],
  [/cells is too long, 100,001 where at most 100,000/, (file) => ({ ...file, cells: Array(100_001).fill(0) })],
  [/models is too long/, (file) => ({ ...file, models: Array(101).fill(file.models[0]) })],
  [/models\[0\]\.features is too long, 5,000/, (file) => change(file.models[0], file, { features: Array.from({ length: 5000 }, (_, index) => `f${index}`) })],
  [/models\[0\]\.features\[1\] should be a name that occurs once, and is “Elongation”/, (file) => change(file.models[0], file, { features: ["Elongation", "Elongation", ...FEATURES.slice(2)] })],
  [/models\[1\]\.id should be a name that occurs once/, (file) => change(file.models[1], file, { id: MODEL.id })],
  [/models\[0\]\.thresholds should have 9 entries, and has 8/, (file) => change(file.models[0], file, { thresholds: Array(8).fill(0.5) })],
  [/models\[0\]\.thresholds\[2\] should be a number from 0 to 1, and is 1\.5/, (file) => change(file.models[0], file, { thresholds: [0, 1, 1.5, 0, 0, 0, 0, 0, 0] })],
  [/models\[0\]\.unsure\[0\] should be two numbers, the smaller one first/, (file) => change(file.models[0], file, { unsure: Array(9).fill([0.6, 0.4]) })],
  [/models\[0\]\.riskRule\.weights\.Irregular should be a number, and is missing/, (file) => change(file.models[0], file, { riskRule: { ...MODEL.riskRule, weights: Object.fromEntries(FEATURES.filter((name) => name !== "Irregular").map((name) => [name, 1])) } })],
  [/models\[0\]\.riskRule\.highFrom should be a number, and is Infinity/, (file) => JSON.stringify(file).replace('"highFrom":7', '"highFrom":1e999')],
  [/models\[0\]\.riskRule\.weights should be an object, and is a list/, (file) => change(file.models[0], file, { riskRule: { ...MODEL.riskRule, weights: [] } })],
  [/movedThresholds\.Grooves should be a number from 0 to 1, and is “0.5”/, (file) => ({ ...file, movedThresholds: { Grooves: "0.5" } })],
  [/sources is missing/, ({ sources: _, ...file }) => file],
  [/sources\[0\]\.name should be a text, and is an object/, (file) => change(file.sources[0], file, { name: { toString: "evil" } })],
  [/sources\[0\]\.name is too long, 1,000,000/, (file) => change(file.sources[0], file, { name: "x".repeat(1_000_000) })],
  [/sources\[0\]\.sha256 should be a SHA-256 in 64 hexadecimal digits/, (file) => change(file.sources[0], file, { sha256: "A".repeat(64) })],
  [/sources\[0\]\.kind should be one of cell-image, field, and is “slide”/, (file) => change(file.sources[0], file, { kind: "slide" })],
  [/sources\[0\]\.slide should be a text, and is null/, (file) => change(file.sources[0], file, { slide: null })],
  [/no entry sources\[13\]/, (file) => ({ ...file, sources: [...file.sources, file.sources[0]] })],
  [/cells\[0\]\.source should be the place of one of the file's sources, and is 99/, (file) => change(file.cells[0], file, { source: 99 })],
  [/cells\[0\]\.source should be a whole number from 0 on, and is “__proto__”/, (file) => change(file.cells[0], file, { source: "__proto__" })],
  [/cells\[1\]\.source should be a source of its own/, (file) => change(file.cells[1], file, { source: 0 })],
  [/cells\[0\]\.contour should be null: a cell image has no outline/, (file) => change(file.cells[0], file, { contour: [[0, 0], [1, 0], [0, 1]] })],
  [/cells\[0\]\.contour should be a list, and is null/, (file) => change(file.sources[0], file, { kind: "field" })],
  [/cells\[0\]\.contour should be an outline of at least three points, and is a list/, (file) => ofField(file, [[0, 0], [1, 0]])],
  [/cells\[0\]\.contour\[2\] should have 2 entries, and has 3/, (file) => ofField(file, [[0, 0], [1, 0], [0, 1, 2]])],
  [/cells\[0\]\.contour\[1\]\[0\] should be a number, and is “1”/, (file) => ofField(file, [[0, 0], ["1", 0], [0, 1]])],
  [/cells\[0\]\.state should be one of waiting, reading, done, failed, cancelled, and is “constructor”/, (file) => change(file.cells[0], file, { state: "constructor" })],
  [/cells\[0\]\.reading should be a reading/, (file) => change(file.cells[0], file, { reading: null })],
  [/sources\[0\]\.synthetic\.seed should be a whole number/, (file) => change(file.sources[0], file, { synthetic: { features: [], seed: -0.5 } })],
  [/cells\[0\]\.corrections\.Grooves should be true or false, and is 1/, (file) => change(file.cells[0], file, { corrections: { Grooves: 1 } })],
  [/cells\[0\]\.reading\.model should be the id of one of the file's models, and is “__proto__”/, (file) => change(file.cells[0].reading, file, { model: "__proto__" })],
  [/cells\[0\]\.reading\.probabilities should have 9 entries, and has 0/, (file) => change(file.cells[0].reading, file, { probabilities: [] })],
  [/cells\[0\]\.reading\.probabilities\[0\] should be a number from 0 to 1, and is -0\.1/, (file) => change(file.cells[0].reading, file, { probabilities: Array(9).fill(-0.1) })],
  [/cells\[0\]\.reading\.probabilities\[0\] .* is null/, (file) => change(file.cells[0].reading, file, { probabilities: Array(9).fill(null) })],
  [/cells\[0\]\.reading\.device should be one of webgpu, cpu, and is “toString”/, (file) => change(file.cells[0].reading, file, { device: "toString" })],
  [/cells\[0\]\.reading\.time should be a time in ISO 8601, and is “yesterday”/, (file) => change(file.cells[0].reading, file, { time: "yesterday" })],
  [/cells\[0\]\.reading\.time should be a time/, (file) => change(file.cells[0].reading, file, { time: "2026-13-45T99:00:00Z" })],
];

/** Changes one object within a file, and gives the file. @param {object} within @param {object} file @param {object} entries */
function change(within, file, entries) {
  Object.assign(within, entries);
  return file;
}

/** The file with its first cell in a field, within this contour. @param {any} file @param {unknown} contour */
function ofField(file, contour) {
  Object.assign(file.sources[0], { kind: "field" });
  return change(file.cells[0], file, { contour });
}

test("a file that is no session, or a wrong one, is refused with what is wrong and where", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    const valid = await page.evaluate(({ modules, session }) => modules.toJson(session), { modules, session });
    const texts = WRONG_FILES.map(([, spoil]) => {
      const spoilt = spoil(JSON.parse(valid));
      return typeof spoilt === "string" ? spoilt : JSON.stringify(spoilt);
    });
    const { said, polluted } = await page.evaluate(({ modules, texts }) => ({
      said: texts.map((text) => {
        try {
          modules.readSession(text);
          return "accepted";
        } catch (error) {
          return String(error);
        }
      }),
      polluted: "polluted" in {},
    }), { modules, texts });
    said.forEach((sentence, index) => {
      assert.match(sentence, WRONG_FILES[index][0]);
      assert.ok(sentence.length < 400, sentence);
    });
    assert.equal(polluted, false);
  });
});

test("a file cannot say otherwise of a model that the page runs", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    const [same, other] = await page.evaluate(({ modules, session }) => {
      const text = modules.toJson(session);
      const lying = JSON.parse(text);
      lying.models[0].features.reverse();
      return [text, JSON.stringify(lying)].map((text) => {
        try {
          return modules.readSession(text, session.models).models[0] === session.models.get("a".repeat(64)) ? "its own" : "another";
        } catch (error) {
          return String(error);
        }
      });
    }, { modules, session });
    assert.equal(same, "its own");
    assert.match(other, /its model “resnet, 38 wide” has other features/);
  });
});

test("an import takes the place of the session, and pictures that are here stay; a wrong file changes nothing", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS, { pictures: true });
    const result = await page.evaluate(({ modules, session }) => {
      const time = new Date(0);
      const before = modules.toJson(session, { time });
      session.moveThreshold("Glassy", 0.9);
      session.correct(session.cells[0], "Glassy", true);
      session.remove(session.cells[1]);
      const changed = modules.toJson(session, { time });
      let refused = false;
      try {
        modules.replaceSession(session, before.replace('"done"', '"over"'));
      } catch {
        refused = modules.toJson(session, { time }) === changed;
      }
      modules.replaceSession(session, before);
      const pictured = session.sources.filter(({ bytes }) => bytes).map(({ name }) => name);
      return { refused, same: modules.toJson(session, { time }) === before, pictured };
    }, { modules, session });
    assert.ok(result.refused);
    assert.ok(result.same);
    // Not the one that was removed, nor the one whose file is not known.
    assert.deepEqual(result.pictured, CELLS.filter((cell, index) => index !== 1 && cell.sha256).map((cell) => cell.name));
  });
});

test("dropping the files again gives imported cells their pictures back", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const session = await sessionOf(page, modules, CELLS);
    const result = await page.evaluate(({ modules, session, sha256 }) => {
      const file = new File(["picture"], "renamed.png", { type: "image/png" });
      const given = modules.attachBytes(session, file, sha256).map((cell) => cell.source.name);
      return {
        given,
        again: modules.attachBytes(session, file, sha256).length,
        strange: modules.attachBytes(session, file, "e".repeat(64)).length,
        unknown: modules.attachBytes(session, file, null).length,
        pictures: session.sources.filter(({ bytes }) => bytes === file).map(({ name }) => name),
        count: session.cells.length,
      };
    }, { modules, session, sha256: CELLS[0].sha256 ?? "" });
    assert.deepEqual(result, { given: [CELLS[0].name], again: 0, strange: 0, unknown: 0, pictures: [CELLS[0].name], count: CELLS.length });
  });
});

test("a fault in a file of version 1 is named with its place in that file", { timeout }, async () => {
  const file = {
    format: "karyolens-session", version: 1, use: "", program: null, exported: "", models: [], movedThresholds: {},
    cells: [{ file: "B5_1.png", sha256: null, synthetic: null, state: "waiting", failure: "", reading: null, corrections: {} }],
  };
  /** @type {[RegExp, object][]} */
  const faults = [
    [/no entry sources/, { ...file, sources: [] }],
    [/cells should be a list/, { ...file, cells: 1 }],
    [/cells\[0\]\.file should be a text, and is null/, { ...file, cells: [{ ...file.cells[0], file: null }] }],
    [/cells\[0\]\.sha256 should be a SHA-256/, { ...file, cells: [{ ...file.cells[0], sha256: "" }] }],
    [/cells\[0\]\.synthetic\.seed should be a whole number/, { ...file, cells: [{ ...file.cells[0], synthetic: { features: [], seed: 0.5 } }] }],
    [/cells\[0\]\.state should be one of/, { ...file, cells: [{ ...file.cells[0], state: "over" }] }],
    [/no entry cells\[0\]\.contour/, { ...file, cells: [{ ...file.cells[0], contour: null }] }],
    [/cells\[0\]\.corrections is missing/, { ...file, cells: [(({ corrections: _, ...cell }) => cell)(file.cells[0])] }],
  ];
  await withPage(browser, async (page) => {
    const modules = await openModules(page, server.address);
    const said = await page.evaluate(({ modules, texts }) => texts.map((text) => {
      try {
        const { sources } = modules.readSession(text);
        return sources.map(({ slide }) => slide).join();
      } catch (error) {
        return String(error);
      }
    }), { modules, texts: [file, ...faults.map(([, fault]) => fault)].map((one) => JSON.stringify(one)) });
    assert.equal(said[0], "B5");
    faults.forEach(([wanted], index) => assert.match(said[index + 1], wanted));
  });
});
