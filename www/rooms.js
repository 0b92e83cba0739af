/**
 * The parts of the page that come later than its first picture: some that only cells need, the one that
 * shows fields, and the dialogs, most with a script, markup and style of their own. A part is fetched
 * ahead, or when a person needs it.
 */

import { wishes } from "./begin.js";
import { loadGeometry } from "./pkg/index.js";

/** Each gives the room's script, and of a dialog also the dialog once that is in the page. */
export const rooms = {
  storage: () => import("./session/storage-status.js"),
  thresholds: () => import("./decisions/threshold-sliders.js"),
  slide: () => import("./session/slide-field.js"),
  intake: () => import("./intake/intake.js"),
  field: async () => {
    const [room, geometry] = await Promise.all([withPart(import("./field/field.js"), "field/field"), loadGeometry(wishes)]);
    return { ...room, geometry };
  },
  finder: () => import("./field/find-nuclei.js"),
  part: () => together(import("./part/part-dialog.js"), "part/part-dialog"),
  summary: () => together(import("./field/summary/summary-dialog.js"), "field/summary/summary-dialog"),
  models: () => together(import("./models/models-dialog.js"), "models/models-dialog"),
  session: () => together(import("./session/session-dialog.js"), "session/session-dialog"),
  teach: () => together(import("./teach/teach-dialog.js"), "teach/teach-dialog"),
  compare: () => together(import("./compare/compare-dialog.js"), "compare/compare-dialog"),
  speed: () => together(import("./speed/speed-dialog.js"), "speed/speed-dialog"),
  diagnostics: () => together(import("./diagnostics/diagnostics-dialog.js"), "diagnostics/diagnostics-dialog"),
};

/** Fetches all rooms; a person who needs one hears of a failure. */
export function fetchRooms() {
  for (const fetchRoom of Object.values(rooms)) fetchRoom().catch(() => {});
}

/**
 * Fetches a room, and makes of it a part that stays; a fetch that failed is tried again.
 *
 * @template Room, Part
 * @param {() => Promise<Room>} fetchRoom
 * @param {(room: Room) => Part} make
 */
export function once(fetchRoom, make) {
  /** @type {Part | undefined} */
  let part;
  return async () => {
    const room = await fetchRoom();
    return (part ??= make(room));
  };
}

/** @template Script @param {Promise<Script>} script @param {string} name of the part, which is not yet in the page */
async function withPart(script, name) {
  const part = import("./elements/markup.js").then(({ fetchPart }) => fetchPart(name, HTMLElement));
  const [loaded, fetched] = await Promise.all([script, part]);
  return { ...loaded, part: fetched };
}

/**
 * @template Script
 * @param {Promise<Script>} script
 * @param {string} name of the dialog
 */
async function together(script, name) {
  const dialog = import("./elements/dialog.js").then(({ fetchDialog }) => fetchDialog(name));
  const [loaded, fetched] = await Promise.all([script, dialog]);
  return { ...loaded, dialog: fetched };
}
