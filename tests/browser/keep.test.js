/**
 * What a person keeps of a session: the exports, as pandas reads them; the import, which trusts
 * nothing; the browser's own storage; and the report on paper. The modules run in a bare document
 * of the page's origin, under its policy, on cells that are made up here: no model is loaded.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PATIENCE, REPOSITORY, folderFor, openSite, openBlank, withPage } from "./harness.js";

/** @import { JSHandle, Page } from "playwright-core" */
/** @import { Cell, Model, Session } from "../../www/session/session.js" */
/**
 * The page's modules that are tested here, in one object.
 *
 * @typedef {typeof import("../../www/session/session.js") & typeof import("../../www/session/csv.js") &
 *   typeof import("../../www/session/downloads.js") & typeof import("../../www/session/read-records.js") &
 *   typeof import("../../www/session/records.js") & typeof import("../../www/session/restore.js") &
 *   typeof import("../../www/session/storage.js") & typeof import("../../www/report/report.js") &
 *   typeof import("../../www/language/language.js")} Modules
 */
/** A cell as these tests put it down. @typedef {Partial<Omit<Cell, "id" | "corrections" | "picture">> & {name: string, corrections?: Record<string, boolean>}} MadeUp */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

const HEAD = `
  <meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'">
  <meta name="color-scheme" content="light dark">
  <link rel="stylesheet" href="./style.css"><link rel="stylesheet" href="./report/report.css" media="print">
  <body><main id="workbench"><h1>The page itself</h1></main>`;

const FEATURES = ["Elongation", "Grooves", "Inclusion", "Glassy", "Crowding", "Wrinkled", "Enlargement", "Irregular", "Overlapping"];

/** @type {Model} */
const MODEL = {
  id: "a".repeat(64),
  sha256: "a".repeat(64),
  name: "resnet, 38 wide",
  crateVersion: "0.1.0",
  features: FEATURES,
  thresholds: FEATURES.map((_, index) => Math.fround(0.3 + 0.05 * index)),
  unsure: FEATURES.map((_, index) => [Math.fround(0.2 + 0.05 * index), Math.fround(0.4 + 0.05 * index)]),
  riskRule: {
    weights: { Elongation: 1, Grooves: 3, Inclusion: 4, Glassy: 1, Crowding: 2, Wrinkled: 1, Enlargement: 3, Irregular: 1, Overlapping: 2 },
    mediumFrom: 5,
    highFrom: 7,
    alwaysHigh: ["Inclusion"],
  },
};

/** Of a person's own: other features, one name twice but for its signs, no rule, no hash. @type {Model} */
const OWN_MODEL = {
  id: "own",
  sha256: null,
  name: "own",
  crateVersion: "0.1.0",
  features: ["Grooves", "Nhân to", "a-b", "a b"],
  thresholds: [0.5, 0.5, 0.5, 0.5],
  unsure: [],
  riskRule: null,
};

/** Names that a file may have and that something downstream may trip over. */
const HOSTILE_NAMES = ["=cmd|' /C calc'!A0.png", 'a,"b"\n.png', "<img src=x>.png", "+1.png", "@sum.png", "\ttab.png", "Tế bào 1.png"];

/** @param {number} seed @param {Model} [model] @returns {NonNullable<Cell["reading"]>} */
function reading(seed, model = MODEL) {
  return {
    model: model.id,
    probabilities: model.features.map((_, index) => Math.fround(Math.abs(Math.sin(seed + 1 + index * 1.7)))),
    notice: null,
    device: "cpu",
    adapter: null,
    program: "0.1.0",
    time: new Date(Date.UTC(2026, 10, 28, 7, seed)).toISOString(),
  };
}

/** @param {string} name @param {number} seed @returns {MadeUp} */
function readCell(name, seed) {
  return { name, state: "done", sha256: seed.toString(16).padStart(64, "abc"), reading: reading(seed) };
}

/** Every state that a cell may be in, and every kind of entry. @type {MadeUp[]} */
const CELLS = [
  ...HOSTILE_NAMES.map(readCell),
  { ...readCell("corrected.png", 20), corrections: { Grooves: true, Glassy: false } },
  { ...readCell("drawn.png", 21), synthetic: { features: ["Grooves", "Inclusion"], seed: 3 } },
  { ...readCell("gpu.png", 22), reading: { ...reading(22), device: "webgpu", adapter: "=a, “quick” one", notice: "Larger than usual." } },
  { ...readCell("own.png", 23), reading: reading(23, OWN_MODEL) },
  { name: "broken.png", state: "failed", failure: "-no picture", sha256: "f".repeat(64) },
  { name: "waiting.png" },
];

/**
 * Opens the bare document and loads the modules into it.
 *
 * @param {Page} page
 * @param {"en" | "vi"} [language]
 */
async function openModules(page, language = "en") {
  await openBlank(page, server.address, HEAD);
  return loadModules(page, language);
}

/** @param {Page} page @param {"en" | "vi"} [language] @returns {Promise<JSHandle<Modules>>} */
function loadModules(page, language = "en") {
  return page.evaluateHandle(async ({ address, language }) => {
    const names = [
      ...["session", "csv", "downloads", "read-records", "records", "restore", "storage"].map((name) => `session/${name}`),
      "report/report", "language/language",
    ];
    const modules = await Promise.all(names.map((name) => import(`${address}${name}.js`)));
    /** @type {Modules} */
    const all = Object.assign({}, ...modules);
    const { loadDecide } = await import(`${address}pkg/index.js`);
    const decide = await loadDecide({ device: "cpu" });
    // Every session decides by the program's rule, as on the page.
    all.Session = class extends all.Session {
      constructor() {
        super();
        this.useRule(decide);
      }
    };
    await all.startLanguage();
    if (all.currentLanguage() !== language) await all.chooseLanguage(language);
    return all;
  }, { address: server.address, language });
}

/**
 * A session in the page with these cells, a threshold moved.
 *
 * @param {Page} page
 * @param {JSHandle<Modules>} modules
 * @param {MadeUp[]} cells
 * @param {{pictures?: boolean}} [options] whether every cell gets a small picture of its own
 * @returns {Promise<JSHandle<Session>>}
 */
function sessionOf(page, modules, cells, { pictures = false } = {}) {
  return page.evaluateHandle(async ({ modules, models, cells, pictures }) => {
    const session = new modules.Session();
    const drawn = await Promise.all(cells.map(async (_, index) => {
      if (!pictures) return null;
      const canvas = new OffscreenCanvas(48, 48);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.fillStyle = `hsl(${index * 29} 60% 50%)`;
      context.fillRect(8, 8, 32, 32);
      return canvas.convertToBlob();
    }));
    const complete = cells.map(({ corrections = {}, ...known }, index) => ({
      sha256: null,
      synthetic: null,
      state: /** @type {const} */ ("waiting"),
      failure: "",
      reading: null,
      ...known,
      picture: drawn[index],
      corrections: new Map(Object.entries(corrections)),
    }));
    session.restore(complete, models, new Map([["Grooves", 0.25]]));
    return session;
  }, { modules, models: [MODEL, OWN_MODEL], cells, pictures });
}

/** The Python that has pandas and pypdf, where scripts/setup.sh has put it. @type {Promise<string> | undefined} */
let interpreter;

async function findPython() {
  const script = "source scripts/tools.sh; find_python || fail 'there is no Python with pandas. Please run: scripts/setup.sh test'";
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: REPOSITORY });
  return stdout.trim();
}

/** Runs Python and gives the JSON that it prints. @param {string} code @param {...string} args */
async function python(code, ...args) {
  interpreter ??= findPython();
  const { stdout } = await promisify(execFile)(await interpreter, ["-c", code, ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

/** What pandas makes of a CSV: plain `read_csv`, and with the types that know of missing values. @param {string} file */
function pandas(file) {
  return python(`
import json, sys
import pandas as pd
plain = pd.read_csv(sys.argv[1], parse_dates=["time"])
nullable = plain.convert_dtypes()
rows = [{k: None if pd.isna(v) else v if isinstance(v, (bool, int, float, str)) else v.isoformat() if hasattr(v, "isoformat") else v.item()
         for k, v in row.items()} for row in plain.to_dict("records")]
types = lambda frame: {k: str(v) for k, v in frame.dtypes.items()}
print(json.dumps({"plain": types(plain), "nullable": types(nullable), "rows": rows}))
`, file);
}

test("pandas reads the CSV of read cells with the right types and every value", { timeout }, async (t) => {
  const file = join(await folderFor(t), "session.csv");
  const cells = [readCell("one.png", 1), { ...readCell("two.png", 2), corrections: { Inclusion: false } }];
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, cells);
    await writeFile(file, await page.evaluate(({ modules, session }) => modules.toCsv(session), { modules, session }));
    const { plain, rows } = await pandas(file);
    assert.deepEqual(
      Object.entries({ file: "object", file_sha256: "object", synthetic: "bool", risk_score: "int64", risk_level: "object", human_corrections: "int64", Grooves_probability: "float64", Grooves_threshold: "float64", Grooves_model: "bool", Grooves_unsure: "bool", Grooves_present: "bool" })
        .filter(([column, type]) => plain[column] !== type),
      [],
    );
    assert.match(plain.time, /^datetime64\[ns, UTC\]$/);
    const decisions = await page.evaluate((session) => session.cells.map((cell) => session.decisionOf(cell)), session);
    cells.forEach((cell, index) => {
      const row = rows[index];
      const decision = decisions[index];
      assert.ok(decision?.risk);
      assert.equal(row.file, cell.name);
      assert.equal(row.file_sha256, cell.sha256);
      assert.deepEqual(
        [row.model, row.model_sha256, row.model_version, row.program, row.device],
        [MODEL.name, MODEL.sha256, "0.1.0", "0.1.0", "cpu"],
      );
      assert.equal(Date.parse(row.time), Date.parse(cell.reading?.time ?? ""));
      assert.deepEqual([row.risk_score, row.risk_level], [decision.risk.score, decision.risk.level]);
      for (const call of decision.calls) {
        // The same number to the last bit of what the model computed with.
        assert.equal(Math.fround(row[`${call.name}_probability`]), call.probability);
        assert.equal(Math.fround(row[`${call.name}_threshold`]), Math.fround(call.threshold));
        assert.equal(row[`${call.name}_model`], call.model);
        assert.equal(row[`${call.name}_unsure`], call.unsure);
        assert.equal(row[`${call.name}_present`], call.present);
      }
      assert.equal(row.Grooves_threshold, 0.25, "the threshold in force, as a person moved it");
    });
    assert.deepEqual(rows.map((/** @type {any} */ row) => [row.human_corrections, row.Inclusion_human, row.Inclusion_present]), [
      [0, null, decisions[0]?.calls[2].model],
      [1, false, false],
    ]);
  });
});

test("what is unknown is empty in the CSV, and no name of a file becomes a formula or breaks a row", { timeout }, async (t) => {
  const file = join(await folderFor(t), "session.csv");
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    const csv = await page.evaluate(({ modules, session }) => modules.toCsv(session), { modules, session });
    await writeFile(file, csv);
    const { nullable, rows } = await pandas(file);
    for (const [column, type] of Object.entries({ risk_score: "Int64", Inclusion_probability: "Float64", Inclusion_present: "boolean", Grooves_human: "boolean", adapter: "string" })) {
      assert.equal(nullable[column], type, column);
    }
    const guarded = (/** @type {string} */ text) => (/^[=+\-@\t]/.test(text) ? `'${text}` : text);
    assert.deepEqual(rows.map((/** @type {any} */ row) => row.file), CELLS.map((cell) => guarded(cell.name)));
    const row = (/** @type {string} */ name) => rows.find((/** @type {any} */ one) => one.file === name);
    assert.equal(row("broken.png").failure, "'-no picture");
    assert.equal(row("gpu.png").adapter, "'=a, “quick” one");
    assert.deepEqual([row("gpu.png").device, row("gpu.png").notice], ["webgpu", "Larger than usual."]);
    assert.deepEqual([row("drawn.png").synthetic, row("gpu.png").synthetic], [true, false]);
    assert.deepEqual([row("corrected.png").human_corrections, row("corrected.png").Grooves_human, row("corrected.png").Glassy_present], [2, true, false]);
    // Own features: columns that no two of them share, no band, no risk.
    const own = row("own.png");
    assert.equal(Math.fround(own["Nhân_to_probability"]), reading(23, OWN_MODEL).probabilities[1]);
    assert.equal(Math.fround(own.a_b_probability), reading(23, OWN_MODEL).probabilities[2]);
    assert.equal(Math.fround(own.a_b_2_probability), reading(23, OWN_MODEL).probabilities[3]);
    assert.deepEqual([own.Grooves_unsure, own.risk_score, own.Inclusion_probability, own.model_sha256], [null, null, null, null]);
    assert.deepEqual([row("waiting.png").state, row("waiting.png").model, row("waiting.png").Grooves_present], ["waiting", null, null]);
    // RFC 4180: every line ends with CRLF; a line feed alone is inside quotes.
    assert.ok(csv.endsWith("\r\n"));
    assert.equal(csv.split("\r\n").length, CELLS.length + 2);
  });
});

test("exports are downloaded under a dated name, and then nothing is unsaved", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    for (const extension of /** @type {const} */ (["csv", "json"])) {
      const downloading = page.waitForEvent("download");
      const unsaved = await page.evaluate(({ modules, session, extension }) => {
        session.unsaved = true;
        if (extension === "csv") modules.downloadCsv(session);
        else modules.downloadJson(session, "0.1.0");
        return session.unsaved;
      }, { modules, session, extension });
      assert.equal(unsaved, false);
      const download = await downloading;
      assert.match(download.suggestedFilename(), new RegExp(`^karyolens-\\d{4}-\\d\\d-\\d\\d-\\d{4}\\.${extension}$`));
      const text = await readFile(await download.path(), "utf8");
      if (extension === "csv") assert.ok(text.startsWith("file,file_sha256,synthetic,"));
      else assert.equal(JSON.parse(text).cells.length, CELLS.length);
    }
  });
});

test("a session that was exported as JSON and imported is the same in every entry", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    const { first, second, decisions, again } = await page.evaluate(({ modules, session }) => {
      const made = { program: "0.1.0", time: new Date(Date.UTC(2026, 10, 28)) };
      const first = modules.toJson(session, made);
      const imported = new modules.Session();
      const { cells, models, moved } = modules.readSession(first);
      imported.restore(cells, models, moved);
      const decisionsOf = (/** @type {Session} */ one) => one.cells.map((cell) => one.decisionOf(cell));
      return { first, second: modules.toJson(imported, made), decisions: decisionsOf(session), again: decisionsOf(imported) };
    }, { modules, session });
    assert.equal(second, first);
    assert.deepEqual(again, decisions);
    const file = JSON.parse(first);
    assert.deepEqual(
      [file.format, file.version, file.program, file.exported],
      ["karyolens-session", 1, "0.1.0", "2026-11-28T00:00:00.000Z"],
    );
    assert.match(file.use, /not a diagnosis/);
    assert.deepEqual(file.models, [MODEL, OWN_MODEL]);
    assert.deepEqual(file.movedThresholds, { Grooves: 0.25 });
    assert.deepEqual(file.cells.map((/** @type {any} */ cell) => cell.file), CELLS.map((cell) => cell.name));
    assert.deepEqual(file.cells[7].corrections, { Grooves: true, Glassy: false });
  });
});

/** A file that is wrong in one point, and what the page says of it. @type {[RegExp, (file: any) => unknown][]} */
const WRONG_FILES = [
  [/no JSON/, () => ""],
  [/no JSON/, (file) => JSON.stringify(file).replace(/"probabilities":\[[\d.]+/, '"probabilities":[NaN')],
  [/no session of Karyolens/, () => null],
  [/no session of Karyolens/, () => []],
  [/no session of Karyolens/, (file) => ({ ...file, format: "other" })],
  [/version 2 of the format; this page reads version 1/, (file) => ({ ...file, version: 2 })],
  [/version “1” of the format/, (file) => ({ ...file, version: "1" })],
  [/cells is missing/, ({ cells: _, ...file }) => file],
  [/no entry surprise/, (file) => ({ ...file, surprise: 1 })],
  [/no entry __proto__/, (file) => JSON.stringify(file).replace("{", '{"__proto__":{"polluted":1},')],
  [/no entry cells\[0\]\.__proto__/, (file) => JSON.stringify(file).replace('"file":', '"__proto__":{"polluted":1},"file":')],
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
  [/cells\[0\]\.file should be a text, and is an object/, (file) => change(file.cells[0], file, { file: { toString: "evil" } })],
  [/cells\[0\]\.file is too long, 1,000,000/, (file) => change(file.cells[0], file, { file: "x".repeat(1_000_000) })],
  [/cells\[0\]\.sha256 should be a SHA-256 in 64 hexadecimal digits/, (file) => change(file.cells[0], file, { sha256: "A".repeat(64) })],
  [/cells\[0\]\.state should be one of waiting, reading, done, failed, cancelled, and is “constructor”/, (file) => change(file.cells[0], file, { state: "constructor" })],
  [/cells\[0\]\.reading should be a reading/, (file) => change(file.cells[0], file, { reading: null })],
  [/cells\[0\]\.synthetic\.seed should be a whole number/, (file) => change(file.cells[0], file, { synthetic: { features: [], seed: -0.5 } })],
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

test("a file that is no session, or a wrong one, is refused with what is wrong and where", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
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
    const modules = await openModules(page);
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
    assert.match(other, /gives the model “resnet, 38 wide” other features/);
  });
});

test("an import takes the place of the session, and pictures that are here stay; a wrong file changes nothing", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
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
      const pictured = session.cells.filter((cell) => cell.picture).map((cell) => cell.name);
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    const result = await page.evaluate(({ modules, session, sha256 }) => {
      const file = new File(["picture"], "renamed.png", { type: "image/png" });
      const given = modules.attachPictures(session, file, sha256).map((cell) => cell.name);
      return {
        given,
        again: modules.attachPictures(session, file, sha256).length,
        strange: modules.attachPictures(session, file, "e".repeat(64)).length,
        unknown: modules.attachPictures(session, file, null).length,
        pictures: session.cells.filter((cell) => cell.picture === file).map((cell) => cell.name),
        count: session.cells.length,
      };
    }, { modules, session, sha256: CELLS[0].sha256 ?? "" });
    assert.deepEqual(result, { given: [CELLS[0].name], again: 0, strange: 0, unknown: 0, pictures: [CELLS[0].name], count: CELLS.length });
  });
});

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
  const modules = await loadModules(page);
  const session = await page.evaluateHandle((modules) => new modules.Session(), modules);
  const storage = await startStorage(page, modules, session);
  const json = await page.evaluate(({ modules, session }) => modules.toJson(session, { time: new Date(0) }), { modules, session });
  const pictures = await page.evaluate(
    (session) => Promise.all(session.cells.map(async ({ picture }) => (picture ? [picture.type, ...new Uint8Array(await picture.arrayBuffer())].join() : null))),
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS, { pictures: true });
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate((session) => {
      session.correct(session.cells[0], "Inclusion", true);
      session.remove(session.cells[1]);
      session.add([{ name: "late.png", picture: new Blob(["late"], { type: "image/png" }) }]);
      session.moveThreshold("Glassy", 0.75);
    }, session);
    await until("kept", { after: 4 });
    const [json, pictures] = await page.evaluate(async ({ modules, session }) => [
      modules.toJson(session, { time: new Date(0) }),
      await Promise.all(session.cells.map(async ({ picture }) => picture && [picture.type, ...new Uint8Array(await picture.arrayBuffer())].join())),
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate((session) => {
      session.remove(session.cells[0]);
      session.correct(session.cells[0], "Overlapping", true);
      session.moveThreshold("Glassy", 0.875);
    }, session);
    const { cells, movedThresholds } = JSON.parse((await reloaded(page)).json);
    assert.equal(cells[0].file, CELLS[1].name);
    assert.deepEqual([cells[0].corrections, movedThresholds.Glassy], [{ Overlapping: true }, 0.875]);
  });
});

test("of a thousand cells only what has changed is written, and in small pieces", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
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
    assert.equal(all.reduce((sum, count) => sum + count), 1001, "every cell once, and the rules");
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, [readCell("first.png", 1)]);
    const first = await startStorage(page, modules, session);
    await first.until("kept", { after: 2 });

    const second = await anotherTab(page);
    const modulesThere = await openModules(second);
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
    const modules = await openModules(page, "vi");
    const empty = await page.evaluateHandle((modules) => new modules.Session(), modules);
    await startStorage(page, modules, empty);
    assert.deepEqual(await databases(page), [], "without a cell nothing is made");

    await page.reload();
    const anew = await loadModules(page, "vi");
    const session = await sessionOf(page, anew, CELLS, { pictures: true });
    const { kept, until } = await startStorage(page, anew, session);
    await until("kept", { after: 2 });
    assert.deepEqual(await databases(page), ["karyolens"]);
    await page.evaluate(async ({ kept, session }) => {
      localStorage.setItem("of-another-page", "stays");
      // While something is still to be written.
      session.correct(session.cells[0], "Grooves", false);
      session.add([{ name: "last.png", picture: new Blob(["last"]) }]);
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
    await page.evaluate((session) => session.add([{ name: "new.png", picture: new Blob(["new"]) }]), session);
    await until("kept", { after: said + 1 });
    assert.deepEqual(JSON.parse((await reloaded(page)).json).cells.map((/** @type {any} */ cell) => cell.file), ["new.png"]);
  });
});

test("what another tab deletes is not kept any more, and that is said", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    const first = await startStorage(page, modules, session);
    await first.until("kept", { after: 2 });
    const second = await anotherTab(page);
    const modulesThere = await openModules(second);
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS);
    await page.evaluate((session) => session.update(session.cells[0], { picture: new Blob([new Uint8Array(60_000_000)]) }), session);
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
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, [readCell("first.png", 1)]);
    const { until } = await startStorage(page, modules, session);
    await until("kept", { after: 2 });
    await page.evaluate(() => new Promise((done) => {
      indexedDB.open("karyolens").addEventListener("success", (event) => {
        const database = /** @type {IDBOpenDBRequest} */ (event.target).result;
        const transaction = database.transaction("cells", "readwrite");
        transaction.objectStore("cells").put({ file: "damaged" }, 1);
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

/** Pages and text of a PDF. @param {string} file @returns {Promise<{pages: string[], width: number, height: number}>} */
function pdf(file) {
  return python(`
import json, sys
from pypdf import PdfReader
reader = PdfReader(sys.argv[1])
box = reader.pages[0].mediabox
print(json.dumps({"pages": [page.extract_text() for page in reader.pages], "width": float(box.width), "height": float(box.height)}))
`, file);
}

/** Letters alone: a PDF knows no line breaks of the text, only places. @param {string} text */
function letters(text) {
  return text.normalize("NFC").replace(/\s+/g, "");
}

test("the report has a cover and four cells a page, on A4 and Letter, and names everything", { timeout }, async (t) => {
  const folder = await folderFor(t);
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, CELLS, { pictures: true });
    await page.evaluate(({ modules, session }) => modules.fillReport(session), { modules, session });
    assert.equal(await page.locator("#report").isVisible(), false, "nothing of it is on the screen");
    const lastFeature = await page.evaluate((modules) => modules.featureName("Overlapping"), modules);
    // As the page stands while a cell is looked at: its layout must not reach the paper.
    await page.evaluate(() => Object.assign(document.documentElement.dataset, { working: "true", detail: "open" }));
    assert.equal(await page.locator("#report img").count(), CELLS.length);
    for (const format of ["A4", "Letter"]) {
      const file = join(folder, `${format}.pdf`);
      await page.pdf({ path: file, format, printBackground: true });
      const { pages } = await pdf(file);
      assert.equal(pages.length, 1 + Math.ceil(CELLS.length / 4), format);
      const cover = letters(pages[0]);
      for (const text of ["not a diagnosis", MODEL.sha256 ?? "", MODEL.name, "Karyolens 0.1.0", "CPU", "WebGPU", "0.25 *", "11 read", "1 waiting", "1 not readable"]) {
        assert.ok(cover.includes(letters(text)), `${format}: ${text}`);
      }
      assert.ok(!cover.includes(letters("The page itself")));
      CELLS.forEach((cell, index) => {
        const text = letters(pages[1 + Math.floor(index / 4)]);
        assert.ok(text.includes(letters(cell.name)), `${format}: ${cell.name}`);
        if (cell.sha256) assert.ok(text.includes(cell.sha256), `${format}: hash of ${cell.name}`);
      });
      // No block is broken: the last line of every table stands on the page of its cell's name.
      const whole = [0, 4, 8, 12].map((start) => CELLS.slice(start, start + 4).filter((cell) => cell.reading?.model === MODEL.id).length);
      const lastLine = new RegExp(`${letters(lastFeature)}[\\d.]+%`, "g");
      assert.deepEqual(pages.slice(1).map((text) => letters(text).match(lastLine)?.length ?? 0), whole);
      const all = letters(pages.join(""));
      for (const text of ["SYNTHETIC, drawn by Karyolens to show: Grooves", "absent, by a person (model: present)", "absent, not sure", "-no picture", "Larger than usual.", "Inclusion alone makes the risk high."]) {
        assert.ok(all.includes(letters(text)), `${format}: ${text}`);
      }
      // Its own words are on every page.
      pages.forEach((text, index) => assert.ok(letters(text).includes(letters("Research and teaching, not a diagnosis.")), `page ${index + 1}`));
    }
  }, { colorScheme: "dark" });
});

test("the report is black on white in dark mode, and speaks Vietnamese", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page, "vi");
    const session = await sessionOf(page, modules, CELLS);
    await page.evaluate(({ modules, session }) => modules.fillReport(session), { modules, session });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const { text, colours } = await page.evaluate(() => {
      const report = /** @type {HTMLElement} */ (document.querySelector("#report"));
      const colours = [...report.querySelectorAll("*")].map((one) => getComputedStyle(one).color);
      return { text: report.innerText, colours: [...new Set([...colours, getComputedStyle(report).backgroundColor, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.documentElement).backgroundColor])] };
    });
    assert.deepEqual(colours.sort(), ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
    assert.match(text, /không phải chẩn đoán/);
    assert.doesNotMatch(text, /keep\.\w/, "every text is translated");
    for (const name of HOSTILE_NAMES) assert.ok(letters(text).includes(letters(name)), name);
    assert.equal(await page.locator("#report img").count(), 0, "a name is never parsed as HTML");
  }, { colorScheme: "dark" });
});

test("printing waits for the pictures, and clears the report afterwards", { timeout }, async () => {
  await withPage(browser, async (page) => {
    const modules = await openModules(page);
    const session = await sessionOf(page, modules, [...CELLS, readCell("unknown.tiff", 5)], { pictures: true });
    const printed = await page.evaluate(async ({ modules, session }) => {
      session.update(session.cells[session.cells.length - 1], { picture: new Blob(["no picture"]) });
      /** @type {{images: number, complete: number, formats: (string | null)[]}[]} */
      const printed = [];
      window.print = () => {
        const images = [...document.querySelectorAll("#report img")];
        printed.push({
          images: images.length,
          complete: images.filter((image) => image instanceof HTMLImageElement && image.naturalWidth > 0).length,
          formats: [...document.querySelectorAll("#report .report-picture:not(:has(img))")].map((frame) => frame.textContent),
        });
        dispatchEvent(new Event("afterprint"));
      };
      await modules.printReport(session);
      return printed;
    }, { modules, session });
    assert.deepEqual(printed, [{ images: CELLS.length, complete: CELLS.length, formats: ["TIFF"] }]);
    assert.equal(await page.locator("#report > *").count(), 0);
  });
});
