/** A session as files that a person keeps: the CSV, as pandas reads it, and the JSON. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PATIENCE, folderFor, openSite, withPage } from "./harness.js";
import { CELLS, MODEL, OWN_MODEL, openModules, readCell, reading, sessionOf } from "./made-up-sessions.js";
import { python } from "./python.js";

/** @import { Session } from "../../www/session/session.js" */

const { server, browser } = await openSite({ webgpu: false });

const timeout = PATIENCE;

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
    const modules = await openModules(page, server.address);
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
    const modules = await openModules(page, server.address);
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
    const modules = await openModules(page, server.address);
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
    const modules = await openModules(page, server.address);
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
      ["karyolens-session", 2, "0.1.0", "2026-11-28T00:00:00.000Z"],
    );
    assert.match(file.use, /not a diagnosis/);
    assert.deepEqual(file.models, [MODEL, OWN_MODEL]);
    assert.deepEqual(file.movedThresholds, { Grooves: 0.25 });
    assert.deepEqual(file.cells.map((/** @type {any} */ cell) => file.sources[cell.source].name), CELLS.map((cell) => cell.name));
    assert.deepEqual(file.cells[7].corrections, { Grooves: true, Glassy: false });
  });
});
