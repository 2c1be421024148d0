// A candidate that the grammar forbids: shown for what the model wanted, and nothing to press.

import { h, html } from "../html.js";
import { formatCount, formatProbability, formatSigned } from "../lib/format.js";
import { barScale } from "../lib/scale.js";
import { scoresShown } from "../state/rows_view.js";
import { TokenText } from "./token_text.js";

/** @import { Axis } from "../lib/scale.js" */
/** @import { DistributionRow } from "../types/wire" */

/** @param {{ row: DistributionRow, axis: Axis }} props */
export function InvalidRow({ row, axis }) {
  return html`
    <li class="row-item" data-wire="row" data-share="0">
      <div class="row" data-kept="false" data-valid="false" title="The grammar forbids this token">
        <span class="row-rank"><span class="sr-only">raw rank </span>${formatCount(row.rank_base)}</span>
        <span class="row-token"><span class="row-struck">${h(TokenText, { display: row.display, compact: true })}</span><span class="sr-only">, the grammar forbids it</span></span>
        <span class="track"><span class="bar-raw" style=${{ width: barScale(axis)(row.p_base) }}></span></span>
        <span class="row-number row-final">0</span>
        <span class="row-number row-base">${formatProbability(row.p_base)}</span>
        ${scoresShown.value && html`<span class="row-number row-logit">${formatSigned(row.logit, 2)}</span><span class="row-number row-ln">${formatSigned(Math.log(row.p_base), 2)}</span>`}
      </div>
    </li>
  `;
}
