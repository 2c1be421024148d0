// A candidate that the grammar forbids: shown for what the model wanted, and nothing to press.

import { h, html } from "../html.js";
import { formatProbability, formatSigned } from "../lib/format.js";
import { scoresShown } from "../state/rows_view.js";
import { rowWidth } from "./bar.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow } from "../types/wire" */

/** @param {{ row: DistributionRow, rank?: string }} props */
export function InvalidRow({ row, rank = "–" }) {
  return html`
    <li class="row-item" data-wire="row" data-share="0">
      <div class="row" data-kept="false" data-valid="false" title="invalid">
        <span class="row-rank">${rank}</span>
        <span class="row-token"><span class="row-struck">${h(TokenText, { display: row.display, compact: true })}</span><span class="sr-only"> invalid</span></span>
        <span class="track">
          <span class="bar-raw" style=${{ width: rowWidth(row.p_base) }}></span>
          <span class=${`badge badge-grammar ${parseFloat(rowWidth(row.p_base)) > 50 ? "badge-start" : ""}`}>grammar</span>
        </span>
        <span class="row-number row-final">0</span>
        <span class="row-number row-base">${formatProbability(row.p_base)}</span>
        ${scoresShown.value && html`<span class="row-number row-score">${formatSigned(row.logit, 2)}</span><span class="row-number row-score">${formatSigned(Math.log(row.p_base), 2)}</span>`}
      </div>
    </li>
  `;
}
