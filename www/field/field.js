/** The room of fields, which the page fetches as the first one comes. */

export { fieldFiles } from "./export/field-file.js";
export { FieldViewer } from "./field-viewer.js";
export { takeContours } from "./given-contours.js";
