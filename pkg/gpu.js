/**
 * Which of the program's two kinds a browser needs: the one with WebGPU, or the one for the CPU alone,
 * which is a third of the download. The program itself asks again (src/web/adapter.rs) and tests the
 * GPU before it trusts it.
 */

/** @import { LoadOptions } from "./index.js" */

/** @typedef {"webgpu" | "cpu"} Kind */

/** What the program needs of an adapter; see `NEEDED_FEATURE` in src/web/adapter.rs. */
const NEEDED_FEATURE = "timestamp-query";

/** @param {NonNullable<LoadOptions["device"]>} device @returns {Promise<Kind>} */
export async function kindFor(device) {
  if (device !== "auto") return device;
  return (await findAdapter()) === "real" ? "webgpu" : "cpu";
}

/**
 * What WebGPU would run on: a graphics card, a CPU that poses as one, or nothing that can be used.
 *
 * @returns {Promise<"real" | "software" | "none">}
 */
export async function findAdapter() {
  const { gpu } = /** @type {{gpu?: {requestAdapter(options: object): Promise<any>}}} */ (navigator);
  try {
    const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter?.features.has(NEEDED_FEATURE)) return "none";
    // The flag has moved from the adapter to its info.
    return adapter.info?.isFallbackAdapter || adapter.isFallbackAdapter ? "software" : "real";
  } catch {
    return "none";
  }
}
