/** Python for the tests: other people read the page's files with it. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { REPOSITORY } from "./harness.js";

/** The Python that has pandas and pypdf, where scripts/setup.sh has put it. @type {Promise<string> | undefined} */
let interpreter;

async function findPython() {
  const script = "source scripts/tools.sh; find_python || fail 'there is no Python with pandas. Please run: scripts/setup.sh test'";
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: REPOSITORY });
  return stdout.trim();
}

/** Runs Python and gives the JSON that it prints. @param {string} code @param {...string} args */
export async function python(code, ...args) {
  interpreter ??= findPython();
  const { stdout } = await promisify(execFile)(await interpreter, ["-c", code, ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}
