// The model's own favourites where they have left the list: a stage sank them, and they are still there to be
// seen, asked about and forced.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { cutter, lostFavourites, runsOf } from "../lib/candidates.js";
import { stageName } from "../lib/format.js";
import * as store from "../state/store.js";
import { cutText } from "./cut_rule.js";
import { DistributionRow } from "./distribution_row.js";
import { useKeepFocus } from "./keep_focus.js";
import { walkOn } from "./walk.js";

/** @import { Axis } from "../lib/scale.js" */
/** @import { Distribution, RawFavourite } from "../types/wire" */
/** @import { RowProps } from "./distribution_row.js" */

const walk = walkOn("button.row");

/** @param {{ dist: Distribution, axis: Axis, about: (id: number, display: string) => Pick<RowProps, "chosen" | "painted" | "target"> }} props */
export function Favourites({ dist, axis, about }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useKeepFocus(list, "button.row");
  // What a grammar forbids its panel lists, and at more length.
  const told = store.shown.value?.grammar && !store.grammarCollapsed.value;
  const rows = lostFavourites(dist).filter((row) => row.valid || !told);
  if (rows.length === 0) return null;
  const runs = runsOf(rows, lossText);
  const first = rows.findIndex((row) => row.valid);
  return html`
    <ol class="rows favourites" ref=${list} aria-label="The model's favourites that are not listed" onKeyDown=${walk}>
      ${rows.map((row, index) => {
        const run = runs.find((one) => one.first === index);
        return [
          run && html`<li class="cut-rule" data-stage=${row.valid ? null : "constraint"} key=${`rule${index}`} aria-hidden="true"><span>raw favourites, ${run.stage}</span></li>`,
          h(DistributionRow, { key: index, row, axis, pick: false, stop: index === first, ...about(row.id, row.display) }),
        ];
      })}
    </ol>
  `;
}

/**
 * Which stage sank it, and which one cut it. Without either, others rose.
 * @param {RawFavourite} row
 */
function lossText(row) {
  const cut = cutter(row);
  const parts = [row.sunk_by !== null && `sunk by ${stageName(row.sunk_by)}`, cut !== null && cutText(cut)].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "not listed";
}
