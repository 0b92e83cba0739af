/**
 * The rooms that come after the page is ready: each is a dialog, with a script, markup and style of
 * its own. A room is fetched ahead, or when a person opens it.
 */

import { fetchDialog } from "./elements/dialog.js";

/** Each gives the room's script, and its dialog once that is in the page. */
export const rooms = {
  models: () => together(import("./models/models-dialog.js"), "models/models-dialog"),
  session: () => together(import("./session/session-dialog.js"), "session/session-dialog"),
  teach: () => together(import("./teach/teach-dialog.js"), "teach/teach-dialog"),
  compare: () => together(import("./compare/compare-dialog.js"), "compare/compare-dialog"),
  speed: () => together(import("./speed/speed-dialog.js"), "speed/speed-dialog"),
  diagnostics: () => together(import("./diagnostics/diagnostics-dialog.js"), "diagnostics/diagnostics-dialog"),
};

/** Fetches all rooms; a person who opens one hears of a failure. */
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

/**
 * @template Script
 * @param {Promise<Script>} script
 * @param {string} name of the dialog
 */
async function together(script, name) {
  const [loaded, dialog] = await Promise.all([script, fetchDialog(name)]);
  return { ...loaded, dialog };
}
