/** The session as files that the browser hands to a person. Neither holds a picture. */

import { download } from "../elements/dom.js";
import { toCsv } from "./csv.js";
import { toJson } from "./records.js";

/** @import { Session } from "./session.js" */

/** Hands the person the session as CSV. @param {Session} session */
export function downloadCsv(session) {
  download(fileName("csv"), new Blob([toCsv(session)], { type: "text/csv;charset=utf-8" }));
  // Without the rule the file lacks the calls.
  if (session.hasRule) session.markSaved();
}

/** Hands the person the session as JSON. @param {Session} session @param {string | null} program version of Karyolens */
export function downloadJson(session, program) {
  download(fileName("json"), new Blob([toJson(session, { program })], { type: "application/json" }));
  session.markSaved();
}

/** `karyolens-2026-11-28-0741.csv`, by the person's clock. @param {string} extension @param {Date} [time] */
export function fileName(extension, time = new Date()) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `karyolens-${date}-${two(time.getHours())}${two(time.getMinutes())}.${extension}`;
}
