// The card beside a row: every number of one candidate, stage by stage.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { formatProbabilityLong, formatSigned, stageName } from "../lib/format.js";
import { placeCard } from "../lib/geometry.js";
import { percentScale } from "../lib/scale.js";
import { TokenText } from "./token_text.js";

/** @import { Distribution, DistributionRow } from "../types/wire" */

const open = signal(/** @type {{ id: number, anchor: HTMLElement } | null} */ (null));
const width = percentScale(0, 1);

/**
 * @param {number} id
 * @param {HTMLElement} anchor
 */
export function showDetail(id, anchor) {
  open.value = { id, anchor };
}

export function hideDetail() {
  open.value = null;
}

/** @param {{ dist: Distribution }} props */
export function RowDetail({ dist }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const row = dist.tokens.find((token) => token.id === open.value?.id);
  const anchor = open.value?.anchor;
  useLayoutEffect(() => {
    if (!card.current || !anchor?.isConnected) return;
    const { offsetWidth, offsetHeight, style } = card.current;
    const place = placeCard(anchor.getBoundingClientRect(), { width: offsetWidth, height: offsetHeight }, { width: innerWidth, height: innerHeight });
    style.left = `${place.left}px`;
    style.top = `${place.top}px`;
  });
  if (!row || !anchor) return null;
  return html`
    <div class="detail" id="row-detail" role="tooltip" ref=${card}>
      <p class="detail-token"><span class=${row.special ? "row-special" : ""}>${h(TokenText, { display: row.display })}</span> <span class="quiet">id ${row.id}</span></p>
      <dl class="detail-facts">
        <div><dt>logit</dt><dd>${formatSigned(row.logit)}</dd></div>
        <div><dt>log-probability</dt><dd>${formatSigned(Math.log(row.p_base))}</dd></div>
        <div><dt>raw rank</dt><dd>${row.rank_base}</dd></div>
      </dl>
      <table class="detail-stages">
        <caption class="sr-only">Probability after each stage</caption>
        <tbody>${dist.stages.map((stage, index) => stageLine(stage.id, stage.label, row, index))}</tbody>
      </table>
      ${!row.kept && html`<p class="detail-note">Cut by ${row.cut_by === null ? "a stage" : stageName(row.cut_by)}. It can still be forced.</p>`}
    </div>
  `;
}

/**
 * @param {string} id
 * @param {string} label
 * @param {DistributionRow} row
 * @param {number} index
 */
function stageLine(id, label, row, index) {
  const p = row.after[index] ?? 0;
  return html`
    <tr key=${id}>
      <th scope="row">${label}</th>
      <td><span class="track track-small"><span class="bar-final" style=${{ width: width(p) }}></span></span></td>
      <td class="numbers">${formatProbabilityLong(p)}</td>
    </tr>
  `;
}
