/**
 * onnxruntime-web in a worker, called by the class Peer of page.js. A message `{method, args}` is answered
 * with `{result}` or `{error}`, one call at a time.
 */

import "./probe.js";

const PROGRAM = { cpu: "/ort/ort.wasm.min.mjs", webgpu: "/ort/ort.webgpu.min.mjs" };
const PROVIDER = { cpu: "wasm", webgpu: "webgpu" };

/** onnxruntime-web; its types exist only where the bench is installed. @type {any} */
let ort;
/** @type {any} */
let session;

/** @type {Record<string, (...args: any[]) => Promise<unknown>>} */
const methods = {
  /** Loads program and model. @param {string} model @param {"cpu" | "webgpu"} device @param {number} threads */
  async load(model, device, threads) {
    const [bytes, program] = await Promise.all([
      fetch(model).then((response) => response.arrayBuffer()),
      import(PROGRAM[device]),
    ]);
    ort = program;
    ort.env.wasm.numThreads = threads;
    session = await ort.InferenceSession.create(bytes, { executionProviders: [PROVIDER[device]] });
  },

  /** The network's logits for an input. @param {Float32Array} input @param {number[]} shape */
  run,

  /** Milliseconds of each pass. @param {number[]} shape @param {number} passes */
  async measure(shape, passes) {
    const length = shape.reduce((product, side) => product * side);
    const input = Float32Array.from({ length }, (_, index) => Math.sin(index));
    const times = [];
    for (let pass = 0; pass < passes; pass++) {
      const start = performance.now();
      await run(input, shape);
      times.push(performance.now() - start);
    }
    return times;
  },
};

/** A pass: from an input's numbers to logits that have been read back. @param {Float32Array} input @param {number[]} shape @returns {Promise<Float32Array>} */
async function run(input, shape) {
  const { logits } = await session.run({ input: new ort.Tensor("float32", input, shape) });
  const values = await logits.getData();
  logits.dispose();
  return values;
}

addEventListener("message", async ({ data: { method, args } }) => {
  try {
    postMessage({ result: await methods[method](...args) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
