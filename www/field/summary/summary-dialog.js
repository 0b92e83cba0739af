/** The dialog about a field as a whole: counts, the key nuclei, groups; it can be printed. */

import { openDialog } from "../../elements/dialog.js";
import { find, make, onPress } from "../../elements/dom.js";
import { featureName, number, percent, t } from "../../language/language.js";
import { printSheet } from "../../report/report.js";
import { nucleusPicture } from "../nucleus-picture.js";
import { GROUP, summaryOf } from "./summary.js";

/** @import { Picture } from "../../pkg/index.js" */
/** @import { Pictures } from "../../reading/pictures.js" */
/** @import { Contour, Source } from "../../session/cell.js" */
/** @import { Session } from "../../session/session.js" */
/** @import { Summary } from "./summary.js" */

/**
 * @param {HTMLDialogElement} dialog
 * @param {{session: Session, pictures: Pictures, field: Source}} about
 */
export async function openSummary(dialog, { session, pictures, field }) {
  const picture = field.bytes && (await pictures.of(field.bytes).catch(() => null));
  const summary = summaryOf(session, field);
  const sheet = find("#summary-sheet", HTMLElement, dialog);
  sheet.replaceChildren(...partsOf(summary, session, field, picture));
  for (const button of sheet.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const cell = summary.key.find((one) => String(one.cell.id) === button.dataset.cell)?.cell;
      if (cell) session.select(cell);
      dialog.close();
    });
  }
  const open = openDialog(dialog);
  onPress(find("#summary-print", HTMLButtonElement, dialog), () => {
    dialog.close();
    printSheet(make("h1", {}, t("summary.title")), ...partsOf(summary, session, field, picture));
  }, open);
}

/** @param {Summary} summary @param {Session} session @param {Source} field @param {Picture | null} picture of the field @returns {HTMLElement[]} */
function partsOf({ nuclei, read, features, levels, key, groups }, session, field, picture) {
  const share = (/** @type {number} */ count) => `${number(count)} (${percent(read === 0 ? 0 : count / read)})`;
  const counts = (/** @type {[string, number][]} */ rows) =>
    make("ul", { class: "summary-counts" }, ...rows.map(([words, count]) => make("li", {}, make("span", {}, words), make("span", {}, share(count)))));
  return [
    make("p", {}, make("strong", {}, field.name), ` ${t("summary.nuclei", { count: nuclei })} ${t("tally.read", { done: read, total: nuclei })}`),
    ...(levels.length > 0 ? [make("h3", {}, t("risk.title")), counts(levels.map(({ level, count }) => [t(`risk.${level}`), count]))] : []),
    make("h3", {}, t("summary.features")),
    counts(features.map(({ name, count }) => [featureName(name), count])),
    make("h3", {}, t("summary.groups")),
    make("p", { class: "summary-groups" }, t("summary.groups.count", { groups, nuclei: GROUP.nuclei, wanted: GROUP.wanted })),
    ...(key.length > 0 ? [make("h3", {}, t("summary.key")), make("ol", { class: "summary-key" }, ...key.map((one) => keyItem(one, session, picture)))] : []),
    make("p", {}, t("honest.use")),
  ];
}

/** @param {Summary["key"][number]} nucleus @param {Session} session @param {Picture | null} picture */
function keyItem({ cell, risk }, session, picture) {
  const { contour } = /** @type {{contour: Contour}} */ (cell);
  const name = t("field.cell", { number: session.numberOf(cell) ?? 0 });
  return make("li", {},
    ...(picture ? [nucleusPicture(picture, contour)] : []),
    make("button", { type: "button", class: "quiet", "data-cell": String(cell.id) }, name),
    make("span", {}, `${t(`risk.${risk.level}`)} ${number(risk.score)}`));
}
