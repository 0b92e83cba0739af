/**
 * Runs the browser tests: `npm test`. To run one file: `node --test page.test.js`.
 *
 * One file by itself starts a server and a Chromium. Here many files share them, in two groups that run
 * at the same time. Files that measure time or memory come last, one after another.
 */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The first group: most files whose Chromium has a software adapter for WebGPU, and others until both groups
 * take as long. A file that is in no list belongs to the second group.
 */
const FIRST_GROUP = ["bench", "kernels", "offline", "parity", "screenshots", "speed", "teach"];
/** Files that measure time or memory. */
const ALONE = ["field-speed", "growth", "loading", "pool", "work"];

const files = process.argv.slice(2);
if (files.length > 0) {
  // A group: this process runs the tests of all its files.
  for (const file of files) await import(`./${file}`);
} else {
  process.chdir(fileURLToPath(new URL(".", import.meta.url)));
  const named = (/** @type {string[]} */ names) => names.map((name) => `${name}.test.js`);
  const [first, alone] = [named(FIRST_GROUP), named(ALONE)];
  const second = readdirSync(".").filter((file) => file.endsWith(".test.js") && ![...first, ...alone].includes(file));
  const [one, other] = [run(first, "inherit"), run(second, "pipe")];
  const passed = [(await one).passed, (await other).passed];
  // Only now, so that the lines of the two do not mix.
  process.stdout.write((await other).output);
  for (const file of alone) passed.push((await run([file], "inherit")).passed);
  process.exitCode = passed.every(Boolean) ? 0 : 1;
}

/**
 * Runs the tests of these files in one process.
 *
 * @param {string[]} group
 * @param {"inherit" | "pipe"} stdout whether its output appears at once or is given back at the end
 * @returns {Promise<{passed: boolean, output: string}>}
 */
function run(group, stdout) {
  const child = spawn(process.execPath, ["run.js", ...group], { stdio: ["ignore", stdout, "inherit"] });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => { output += text; });
  return new Promise((done) => child.once("close", (code) => done({ passed: code === 0, output })));
}
