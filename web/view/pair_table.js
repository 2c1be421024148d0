// Two distributions beside each other: a row for each candidate of either, those that change most first.

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { formatChange, formatEnd, formatMass, formatProbability } from "../lib/format.js";
import { probabilitiesIn } from "../lib/pair_rows.js";
import { barScale, fittingAxis } from "../lib/scale.js";
import * as store from "../state/store.js";
import { TokenText } from "./token_text.js";

/** @import { DistributionRow } from "../types/wire" */
/** @import { Bounds, Pair } from "../lib/pair_rows.js" */
/** @import { Axis } from "../lib/scale.js" */

/** Further rows hardly change, and are there for those who ask. */
const FEW = 12;

/**
 * `taken` is the token that each side went on with, `listed` whether there is a distribution at all.
 * @param {{ pair: Pair, names: string[], caption: string, taken?: (number | null)[], listed?: boolean[] }} props
 */
export function PairTable({ pair: { rows }, names, caption, taken = [], listed = [true, true] }) {
  const [all, setAll] = useState(false);
  const seen = all ? rows : rows.slice(0, FEW);
  const axis = fittingAxis(probabilitiesIn(rows));
  return html`
    <table class="pair-rows">
      <caption>${caption} <span class="pair-legend"><span class="swatch swatch-raw"></span>raw <span class="swatch swatch-final"></span>final, bars from 0 to ${formatEnd(axis.top)}</span></caption>
      <thead>
        <tr><th scope="col">token</th>${names.map((name, side) => html`<th key=${side} scope="col">${name}</th>`)}<th scope="col" class="row-number" title=${`Final probability of ${names[1]} minus that of ${names[0]}`}>change</th></tr>
      </thead>
      <tbody>${seen.map((one) => html`
        <tr key=${one.id}>
          <th scope="row" class=${one.special ? "row-special" : ""}>${h(TokenText, { display: one.display, compact: true })}</th>
          ${one.rows.map((row, side) => h(Cell, { key: side, row, axis, taken: taken[side] === one.id, listed: listed[side] ?? true }))}
          <td class="row-number pair-change" data-change=${one.change === null ? null : Math.sign(one.change)}>${one.change === null ? "–" : formatChange(one.change)}</td>
        </tr>`)}</tbody>
    </table>
    ${rows.length > FEW && html`<button type="button" class="button button-small pair-more" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "Fewer rows" : `All ${rows.length} rows`}</button>`}
  `;
}

/** @param {{ row: DistributionRow | null, axis: Axis, taken: boolean, listed: boolean }} props */
function Cell({ row, axis, taken, listed }) {
  if (!row) return html`<td class="quiet">${listed ? "not listed" : "–"}</td>`;
  const width = barScale(axis);
  return html`
    <td class="pair-final" data-taken=${taken}>
      <span class="track" aria-hidden="true"><span class="bar-final" style=${{ width: width(row.p_final) }}></span><span class="bar-raw" style=${{ width: width(row.p_base) }}></span></span>
      <span class="pair-numbers numbers"><span><span class="sr-only">final </span>${formatProbability(row.p_final)}</span><span class="row-base">raw ${formatProbability(row.p_base)}</span>${taken && html`<strong>taken</strong>`}</span>
    </td>
  `;
}

/** @param {{ pair: Pair, names: string[] }} props */
export function Moved({ pair: { moved }, names }) {
  if (!moved) return null;
  const { final, raw } = moved;
  const about = "Half the sum of all differences: 0 % would be the same distribution, 100 % two that have no token in common. (It is called total variation.)";
  return html`
    <p class="pair-moved" title=${about}>
      <strong class="numbers">${amount(final)}</strong> of the probability lies on other tokens in ${names[1]} than in ${names[0]}.
      <span class="quiet numbers"> Before sampling (raw) it is ${amount(raw)}. 0 % means the same distribution, 100 % no token in common.</span>
    </p>
  `;
}

/** The same as one sentence. @param {string[]} names */
export function movedText(names) {
  const moved = store.nextPair.value?.pair?.moved;
  return moved ? `${amount(moved.final)} of the probability lies on other tokens in ${names[1]} than in ${names[0]}; before sampling (raw) it is ${amount(moved.raw)}.` : "";
}

/** @param {Bounds} bounds */
function amount({ low, high }) {
  return high - low < 0.0005 ? formatMass(low) : `${formatMass(low)} to ${formatMass(high)}`;
}

/** Why a side has nothing to compare. @param {{ names: string[], sides: import("../types/app").NextSide[] }} props */
export function NoPair({ names, sides }) {
  return sides.map(({ failure }, side) => failure && html`<p key=${side} class="note note-error"><strong>${names[side]}</strong>: ${failure.detail} ${failure.hint}</p>`);
}
