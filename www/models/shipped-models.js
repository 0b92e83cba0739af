/** The classifiers that the page ships with, as pkg/models.json lists them. */

/** @typedef {{id: string, name: string, family: string, size: number, sha256: string, address: URL}} ShippedModel `size` in bytes */

const LIST = new URL("../pkg/models.json", import.meta.url);

/** @type {ShippedModel[] | null} */
let known = null;

/** None where the list cannot be fetched. @returns {Promise<ShippedModel[]>} */
export async function listShippedModels() {
  if (known) return known;
  const response = await fetch(LIST).catch(() => null);
  /** @type {(Omit<ShippedModel, "address"> & {task: string, file: string})[] | null} */
  const listed = response?.ok ? await response.json().catch(() => null) : null;
  const classifiers = listed && listed.filter(({ task }) => task !== "segment");
  known = classifiers && classifiers.map(({ task, file, ...model }) => ({ ...model, address: new URL(file, LIST) }));
  return known ?? [];
}
