// The card beside a row: every number of one candidate, stage by stage.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { lostFavourites } from "../lib/candidates.js";
import { formatProbabilityLong, formatSigned, stageName } from "../lib/format.js";
import { placeCard } from "../lib/geometry.js";
import { linearWidth } from "../lib/scale.js";
import { forceToken } from "../state/actions.js";
import * as store from "../state/store.js";
import { largeEditor, view } from "../state/view_switch.js";
import { stand } from "./floating.js";
import { TokenText } from "./token_text.js";

/** @import { Distribution, DistributionRow } from "../types/wire" */

/** @typedef {"hover" | "focus" | "tap"} Cause */

/** A pointer on its way across the rows asks for nothing. */
const HOVER_MS = 150;

const open = signal(/** @type {{ id: number, anchor: HTMLElement, cause: Cause } | null} */ (null));
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

/**
 * @param {number} id
 * @param {HTMLElement} anchor
 * @param {Cause} [cause]
 */
export function showDetail(id, anchor, cause = "focus") {
  clearTimeout(timer);
  // While tokens come, the rows are not there long enough to be read.
  if (!store.playing.value && !store.stepping.value) open.value = { id, anchor, cause };
}

/**
 * @param {number} id
 * @param {HTMLElement} anchor
 */
export function showDetailSoon(id, anchor) {
  clearTimeout(timer);
  timer = setTimeout(() => showDetail(id, anchor, "hover"), HOVER_MS);
}

/**
 * @param {number} id
 * @param {HTMLElement} anchor
 */
export function toggleDetail(id, anchor) {
  const same = open.value?.id === id && open.value.cause === "tap";
  hideDetail();
  if (!same) showDetail(id, anchor, "tap");
}

/**
 * Hides the card, whatever opened it or only if this did.
 * @param {Cause} [cause]
 */
export function hideDetail(cause) {
  clearTimeout(timer);
  if (cause === undefined || open.value?.cause === cause) open.value = null;
}

export function RowDetail() {
  const dist = store.llmEnabled.value ? store.shown.value?.dist : null;
  return dist && (view.value !== "branches" || largeEditor.value) ? h(Detail, { dist }) : null;
}

/** @param {{ dist: Distribution }} props */
function Detail({ dist }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const row = [...dist.tokens, ...dist.probes, ...lostFavourites(dist)].find((token) => token.id === open.value?.id);
  const { anchor, cause } = open.value ?? {};
  const moving = store.playing.value || store.stepping.value;
  // A card belongs to the distribution it was opened on.
  useEffect(() => hideDetail, [moving, dist]);
  useLayoutEffect(() => {
    if (!card.current || !anchor?.isConnected) return;
    // Beside the rows are the tokens that an attribution paints.
    const aside = store.method.value === null;
    stand(card.current, (size, room) => placeCard(anchor.getBoundingClientRect(), size, room, aside));
  });
  if (!row || !anchor) return null;
  const force = () => {
    hideDetail();
    void forceToken(row.id);
  };
  return html`
    <div class="detail" id="row-detail" data-cause=${cause} role=${cause === "tap" ? "group" : "tooltip"} aria-label=${cause === "tap" ? row.display : null} ref=${card}>
      <p class="detail-token"><span class=${row.special ? "row-special" : ""}>${h(TokenText, { display: row.display })}</span> <span class="quiet">id ${row.id}</span></p>
      <dl class="detail-facts">
        <div><dt>logit</dt><dd>${formatSigned(row.logit)}</dd></div>
        <div><dt>log-probability</dt><dd>${formatSigned(Math.log(row.p_base))}</dd></div>
        <div><dt>raw rank</dt><dd>${row.rank_base}</dd></div>
      </dl>
      <table class="detail-stages">
        <caption class="sr-only">Probability after each stage</caption>
        <tbody>${dist.stages.map((stage, index) => tells(row, index) && stageLine(stage.id, stage.label, row, index))}</tbody>
      </table>
      ${!row.kept && html`<p class="detail-note">Cut by ${row.cut_by === null ? "a stage" : stageName(row.cut_by)}. It can still be forced.</p>`}
      ${cause === "tap" && html`<button type="button" class="button detail-force" onClick=${force}>Force</button>`}
    </div>
  `;
}

/**
 * The ends of the pipeline, and the stages that changed something for this token.
 * @param {DistributionRow} row
 * @param {number} index
 */
function tells(row, index) {
  if (index === 0 || index === row.after.length - 1) return true;
  const [before, after] = [row.after[index - 1] ?? 0, row.after[index] ?? 0];
  return Math.abs(after - before) > 1e-6 * Math.max(after, before);
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
      <td><span class="track track-small"><span class="bar-final" style=${{ width: linearWidth(p) }}></span></span></td>
      <td class="numbers">${formatProbabilityLong(p)}</td>
    </tr>
  `;
}
