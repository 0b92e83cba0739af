/**
 * Which of the program's two kinds a browser needs: the one with WebGPU, or the one for the CPU alone,
 * whose download is a third of the other's. The program itself looks for the GPU again
 * (src/web/adapter.rs) and tests it before it trusts it.
 */

/** @import { LoadOptions } from "./index.js" */

/** @typedef {"webgpu" | "cpu"} Kind */

/** The program needs an adapter with this feature; see `NEEDED_FEATURE` in src/web/adapter.rs. */
const NEEDED_FEATURE = "timestamp-query";

/** @param {NonNullable<LoadOptions["device"]>} device @returns {Promise<Kind>} */
export async function kindFor(device) {
  if (device !== "auto") return device;
  return (await findAdapter()) === "real" ? "webgpu" : "cpu";
}

/**
 * The adapter that WebGPU would run on: a graphics card, a CPU that poses as one, or none that can be
 * used.
 *
 * @returns {Promise<"real" | "software" | "none">}
 */
export async function findAdapter() {
  const { gpu } = /** @type {{gpu?: {requestAdapter(options: object): Promise<any>}}} */ (navigator);
  try {
    const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter?.features.has(NEEDED_FEATURE)) return "none";
    // Older browsers have the flag on the adapter, newer ones on its info.
    return adapter.info?.isFallbackAdapter || adapter.isFallbackAdapter ? "software" : "real";
  } catch {
    return "none";
  }
}
