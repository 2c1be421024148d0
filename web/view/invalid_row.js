// A candidate that the grammar forbids: shown for what the model wanted, and nothing to press.

import { h, html } from "../html.js";
import { formatProbability } from "../lib/format.js";
import { percentScale } from "../lib/scale.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow } from "../types/wire" */

const width = percentScale(0, 1);

/** @param {{ row: DistributionRow }} props */
export function InvalidRow({ row }) {
  return html`
    <li class="row-item" data-wire="row" data-share="0">
      <div class="row" data-kept="false" data-valid="false" title="invalid">
        <span class="row-rank">–</span>
        <span class="row-token"><span class="row-struck">${h(TokenText, { display: row.display, compact: true })}</span><span class="sr-only"> invalid</span></span>
        <span class="track">
          <span class="bar-raw" style=${{ width: width(row.p_base) }}></span>
          <span class=${`badge badge-grammar ${row.p_base > 0.5 ? "badge-start" : ""}`}>grammar</span>
        </span>
        <span class="row-number row-final">0</span>
        <span class="row-number row-base">${formatProbability(row.p_base)}</span>
      </div>
    </li>
  `;
}
