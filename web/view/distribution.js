// The distribution of the next token: rows, what was kept, and how to force one.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { formatBits, formatProbability, plural } from "../lib/format.js";
import { percentScale } from "../lib/scale.js";
import { setRows } from "../state/actions.js";
import * as store from "../state/store.js";
import { DistributionRow } from "./distribution_row.js";
import { BoundedIntegerField } from "./fields.js";
import { ForceBar } from "./force_bar.js";
import { useKeepFocus } from "./keep_focus.js";
import { RowDetail } from "./row_detail.js";

/** @import { Distribution as Dist } from "../types/wire" */

const width = percentScale(0, 1);

export function Distribution() {
  const off = !store.llmEnabled.value;
  const dist = store.shown.value?.dist ?? null;
  return html`
    <section class="distribution" aria-labelledby="distribution-title" inert=${off}>
      <div class="column-head">
        <h2 id="distribution-title">Next token</h2>
        <span class="spacer"></span>
        <label class="quiet" for="top-k">Rows</label>
        ${h(BoundedIntegerField, { id: "top-k", value: store.rows.value, min: 1, max: 50, title: "How many tokens are listed (1 to 50). This changes the view only, not the sampling.", onValue: setRows })}
      </div>
      ${dist ? h(Legend, { dist }) : null}
      ${dist ? h(Rows, { dist }) : h(Empty, {})}
      ${h(ForceBar, {})}
      ${dist && h(RowDetail, { dist })}
    </section>
  `;
}

/** @param {{ dist: Dist }} props */
function Legend({ dist }) {
  const bits = dist.stages.at(-1)?.entropy_bits;
  const all = dist.kept_token_count === store.status.value?.logit_size;
  const kept = `nucleus keeps ${all ? "all " : ""}${plural(dist.kept_token_count, "token")}`;
  return html`
    <div class="legend">
      <span class="legend-item" title="What the model says, before any sampling stage"><span class="swatch swatch-raw"></span>raw</span>
      <span class="legend-item" title="After all sampling stages: the chances in the draw"><span class="swatch swatch-final"></span>final</span>
      <span class="legend-kept numbers">${kept}${bits === undefined ? "" : ` · ${formatBits(bits)}`}</span>
    </div>
    <div class="row row-head" aria-hidden="true">
      <span class="row-rank">#</span><span>token</span><span class="row-scale"><span>0</span><span>1</span></span>
      <span class="row-number">final</span><span class="row-number">raw</span>
    </div>
  `;
}

/** @param {{ dist: Dist }} props */
function Rows({ dist }) {
  const chosen = store.shown.value?.chosen ?? null;
  const { greedy } = store.branch.value.params;
  const pick = greedy ? greedyPick(dist) : null;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useKeepFocus(list, "button.row");
  const elsewhere = chosen !== null && !dist.tokens.some((row) => row.id === chosen);
  return html`
    <ol class="rows" ref=${list} data-wire="row-frame" aria-label="Most likely tokens">
      ${dist.tokens.map((row) => h(DistributionRow, { key: row.id, row, chosen: row.id === chosen, pick: row.id === pick }))}
      <li class="row row-other" key="other" data-wire="row" data-share=${dist.other_p_final} data-chosen=${elsewhere}
        title="All tokens that are not listed, together">
        <span class="row-rank"></span>
        <span class="row-token">Other</span>
        <span class="track"><span class="bar-final" style=${{ width: width(dist.other_p_final) }}></span><span class="bar-raw" style=${{ width: width(dist.other_p_base) }}></span></span>
        <span class="row-number row-final">${formatProbability(dist.other_p_final)}</span>
        <span class="row-number row-base">${formatProbability(dist.other_p_base)}</span>
      </li>
    </ol>
  `;
}

function Empty() {
  const failure = store.shown.value?.failure;
  const waiting = store.status.value?.load
    ? "The model is loading. Its first distribution appears here."
    : "No distribution yet.";
  return html`
    <div class="empty" data-wire="row-frame">
      ${failure
        ? html`<p class="empty-title">No distribution for this text</p><p>${failure.detail}</p>${failure.hint && html`<p class="quiet">${failure.hint}</p>`}`
        : html`<p class="quiet">${store.llmEnabled.value ? waiting : "LLM is off."}</p>`}
    </div>
  `;
}

/** @param {Dist} dist */
function greedyPick(dist) {
  const best = dist.tokens.reduce((top, row) => (row.p_final > top.p_final ? row : top), dist.tokens[0] ?? { id: null, p_final: 0 });
  return best.p_final > 0 ? best.id : null;
}
