/** The models that the page ships with, as pkg/models.json lists them. */

/**
 * `task` says whether it names features or finds nuclei; `size` is in bytes.
 *
 * @typedef {{id: string, name: string, task: "classify" | "segment", family: string, size: number, sha256: string, address: URL}} ShippedModel
 */

const LIST = new URL("../pkg/models.json", import.meta.url);

/** @type {ShippedModel[] | null} */
let known = null;

/** The classifiers; none where the list cannot be fetched. */
export async function shippedClassifiers() {
  return (await list()).filter(({ task }) => task !== "segment");
}

/** The model that finds the nuclei of a field; undefined where there is none. */
export async function shippedFinder() {
  return (await list()).find(({ task }) => task === "segment");
}

async function list() {
  if (known) return known;
  const response = await fetch(LIST).catch(() => null);
  /** @type {(Omit<ShippedModel, "address"> & {file: string})[] | null} */
  const listed = response?.ok ? await response.json().catch(() => null) : null;
  known = listed && listed.map(({ file, ...model }) => ({ ...model, address: new URL(file, LIST) }));
  return known ?? [];
}
