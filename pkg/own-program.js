/**
 * An instance of the program on the page's own thread, without a model, for answers that cannot wait for
 * a worker. It is the module that the workers run, so nothing more is fetched or compiled.
 */

import { kindFor } from "./gpu.js";
import { compileProgram } from "./source.js";

/** @import { Kind } from "./gpu.js" */
/** @import { LoadOptions } from "./index.js" */

/** The exports of the program, of whichever kind. @typedef {typeof import("./karyolens_cpu.js") | typeof import("./karyolens_webgpu.js")} Program */

/** The instance of each kind, once somebody has asked for it. @type {Map<Kind, Promise<Program>>} */
const programs = new Map();

/** The one instance of a kind. @param {NonNullable<LoadOptions["device"]>} device @returns {Promise<Program>} */
export async function ownProgram(device) {
  const kind = await kindFor(device);
  let program = programs.get(kind);
  if (!program) {
    program = start(kind);
    programs.set(kind, program);
    // The next one who asks may have more luck.
    program.catch(() => programs.delete(kind));
  }
  return program;
}

/** @param {Kind} kind @returns {Promise<Program>} */
async function start(kind) {
  const [glue, module] = await Promise.all([
    // Each address is spelled out, so that the tools that bundle pages find the files.
    kind === "webgpu" ? import("./karyolens_webgpu.js") : import("./karyolens_cpu.js"),
    compileProgram(kind),
  ]);
  await glue.default({ module_or_path: module });
  return glue;
}
