/**
 * Which of the program's two kinds a browser needs: the one with WebGPU, or the one for the CPU alone,
 * a fraction of its size. The program itself asks again and tests the GPU before it trusts it.
 */

/** @import { LoadOptions } from "./index.js" */

/** @typedef {"webgpu" | "cpu"} Kind */

/** @param {NonNullable<LoadOptions["device"]>} device @returns {Promise<Kind>} */
export async function kindFor(device) {
  if (device !== "auto") return device;
  const { gpu } = /** @type {{gpu?: {requestAdapter(options: object): Promise<any>}}} */ (navigator);
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  // A CPU in disguise is slower than the CPU. The flag has moved from the adapter to its info.
  return adapter && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) ? "webgpu" : "cpu";
}
