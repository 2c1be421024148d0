// One candidate: what the raw model gave it and what the stages left of it.

import { h, html } from "../html.js";
import { formatProbability, stageName } from "../lib/format.js";
import { percentScale } from "../lib/scale.js";
import { forceToken } from "../state/actions.js";
import { hideDetail, showDetail } from "./row_detail.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow as Row } from "../types/wire" */

const width = percentScale(0, 1);

/** @param {{ row: Row, chosen: boolean, pick: boolean }} props */
export function DistributionRow({ row, chosen, pick }) {
  const final = formatProbability(row.p_final);
  const base = formatProbability(row.p_base);
  const cut = row.kept ? null : `cut: ${row.cut_by === null ? "no" : stageName(row.cut_by)}`;
  const label = `${row.display}: ${final}, raw ${base}${cut ? `, ${cut}` : ""}. Force this token.`;
  const show = (/** @type {Event & { currentTarget: HTMLElement }} */ event) => showDetail(row.id, event.currentTarget);
  return html`
    <li class="row-item" data-wire="row" data-share=${row.p_final}>
      <button type="button" class="row" data-kept=${row.kept} data-chosen=${chosen} data-pick=${pick} aria-label=${label}
        aria-describedby="row-detail" onClick=${() => void forceToken(row.id)} onMouseEnter=${show} onFocus=${show}
        onMouseLeave=${hideDetail} onBlur=${hideDetail}>
        <span class="row-rank">${row.rank_final ?? "–"}${rankChange(row)}</span>
        <span class=${`row-token ${row.special ? "row-special" : ""}`}>${h(TokenText, { display: row.display })}</span>
        <span class="track">
          <span class="bar-final" style=${{ width: width(row.p_final) }}></span>
          <span class="bar-raw" style=${{ width: width(row.p_base) }}></span>
          ${cut && html`<span class=${`badge ${row.p_base > 0.5 ? "badge-start" : ""}`}>${cut}</span>`}
        </span>
        <span class="row-number row-final">${final}</span>
        <span class="row-number row-base">${base}</span>
      </button>
    </li>
  `;
}

/** @param {Row} row */
function rankChange(row) {
  const change = row.rank_final === null ? 0 : row.rank_base - row.rank_final;
  if (change === 0) return null;
  return html`<span class="rank-change">${change > 0 ? "▴" : "▾"}${Math.abs(change)}</span>`;
}
