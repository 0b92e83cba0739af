/** `make bench-browser` writes its table and its file; the test does not look at the speeds. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { gain, median, quantile } from "../../benches/browser/statistics.js";
import { PATIENCE, REPOSITORY, SKIP_LONG, folderFor, skipWithoutShared } from "./harness.js";

const BENCH = join(REPOSITORY, "benches/browser/bench.js");
const timeout = PATIENCE;

const whole = "the bench runs both sides, finds them right and writes its table";
test(whole, { timeout, skip: SKIP_LONG || skipWithoutShared(whole, "peers") }, async (t) => {
  const output = join(await folderFor(t), "bench.json");
  const { stdout } = await promisify(execFile)(process.execPath, [
    BENCH, "--quick", "--networks", "convnext-atto,convnext", "--devices", "cpu", "--batches", "1", "--output", output,
  ]);
  assert.match(stdout, /^\| convnext-atto +\| cpu +\| +1 \|/m);
  const { rows, bytes, machine, growth } = JSON.parse(await readFile(output, "utf8"));

  assert.deepEqual(rows.map((/** @type {any} */ { network, device, batch }) => [network, device, batch]), [["convnext-atto", "cpu", 1], ["convnext", "cpu", 1]]);
  const [withPeer, alone] = rows;
  for (const key of ["ours_ms", "peer_ms", "first_ms", "peer_first_ms", "ready_ms", "peer_ready_ms", "wasm_bytes", "peer_wasm_bytes"]) {
    assert.ok(withPeer[key] > 0, `${key} is ${withPeer[key]}`);
  }
  assert.ok(Math.abs(withPeer.ratio - withPeer.ours_ms / withPeer.peer_ms) < 1e-9);
  // Only our side has the shipped models.
  assert.ok(alone.ours_ms > 0);
  for (const key of ["peer_ms", "ratio", "peer_first_ms", "known_ms"]) assert.equal(alone[key], null, key);

  assert.ok(bytes.code_gzip > 100_000 && bytes.model > 1_000_000, JSON.stringify(bytes));
  assert.ok(bytes.cpu_code_gzip > 100_000 && bytes.cpu_code_gzip < bytes.code_gzip, JSON.stringify(bytes));
  assert.ok("code_brotli" in bytes && "cpu_code_brotli" in bytes);
  assert.match(machine.browser, /^Chromium \d+/);
  assert.equal(growth.points.at(-1).cells, 20);
  assert.match(await readFile(output.replace(".json", ".html"), "utf8"), /<polyline points="\d/);
});

test("the bench refuses a network, device or batch that it does not know", { timeout }, async () => {
  for (const args of [["--networks", "alexnet"], ["--devices", "npu"], ["--batches", "0"], ["--growth", "many"]]) {
    const refused = await promisify(execFile)(process.execPath, [BENCH, ...args]).catch((error) => error);
    assert.equal(refused.code, 2, args.join(" "));
    assert.match(refused.stderr, /usage: make bench-browser/);
  }
});

test("the bench's statistics are those of the textbooks", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(quantile([4, 1, 2, 3], 0.25), 1.75); // as numpy.quantile has it
  // Points on y = 2x + 1; then points with a scatter, for which R's lm() gives slope 1, se 0.57735.
  assert.deepEqual(gain([1, 2, 4], [3, 5, 9]), { gain: 6, error: 0 });
  const { gain: gained, error } = gain([0, 1, 2], [0, 2, 2]);
  assert.ok(Math.abs(gained - 2) < 1e-12 && Math.abs(error - 2 * 0.5773502691896257) < 1e-12);
});
