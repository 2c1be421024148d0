// The card of a generated token's past: how it came about, what else was possible, and the way to
// go another way from there.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { cutter, runsOf } from "../lib/candidates.js";
import { formatBits, formatProbability } from "../lib/format.js";
import { placeBeside, placeCard } from "../lib/geometry.js";
import { linearWidth } from "../lib/scale.js";
import { surprisalBits } from "../lib/tint.js";
import { deleteLast, takeInstead } from "../state/actions.js";
import { methodText, otherWays, ownRow, paramsText } from "../state/recorded.js";
import * as store from "../state/store.js";
import { CutRule, cutText } from "./cut_rule.js";
import { lineOf, stand } from "./floating.js";
import { hideHistory, hideSoon, leaveHistory, look, stayOpen } from "./history_aim.js";
import { useMoreRows } from "./more_rows.js";
import { TokenText } from "./token_text.js";
import { walkOn } from "./walk.js";

/** @import { Distribution, DistributionRow } from "../types/wire" */
/** @import { Point, TokenNode } from "../types/app" */

const walk = walkOn("button");

export function HistoryCard() {
  const seen = look.value;
  const node = seen ? store.completion.value[seen.index] : undefined;
  const moving = store.playing.value || store.stepping.value;
  // A card belongs to the token it was opened on.
  const gone = moving || node?.id !== seen?.node;
  useEffect(() => {
    if (gone) hideHistory();
  }, [gone]);
  if (!seen || !node || gone) return null;
  return h(Card, { key: `${node.id} ${seen.cause}`, node, index: seen.index, anchor: seen.anchor, cause: seen.cause, point: seen.point });
}

/** @param {{ node: TokenNode, index: number, anchor: HTMLElement, cause: string, point: Point | null }} props */
function Card({ node, index, anchor, cause, point }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (!card.current || !anchor.isConnected) return;
    const line = lineOf(anchor, point);
    // Beside the list rather than over its tokens, which an attribution paints.
    const column = anchor.closest(".input, .stack")?.getBoundingClientRect();
    const about = column ? { left: column.left, right: column.right, top: line.top, bottom: line.bottom } : line;
    stand(card.current, (size, room) => (column ? placeBeside(about, size, room) : placeCard(about, size, room, false)));
  }, [anchor, point]);
  const { token, dist } = node;
  const own = ownRow(node);
  const last = index === store.completion.value.length - 1;
  const ways = new Set(otherWays(store.session.value, node).map((one) => one.token.id));
  const take = (/** @type {number} */ id) => {
    hideHistory();
    const list = /** @type {HTMLElement | null} */ (anchor.parentElement?.closest("[role=group], .stack-rows"));
    if (cause === "focus") list?.focus();
    takeInstead(index, id);
  };
  const remove = () => {
    hideHistory();
    deleteLast();
  };
  const onKeyDown = (/** @type {KeyboardEvent & { currentTarget: HTMLElement }} */ event) => {
    if (event.key !== "Escape") return walk(event);
    event.preventDefault();
    leaveHistory(anchor);
  };
  return html`
    <section class="history" id="history" role="group" aria-labelledby="history-title" ref=${card}
      onPointerEnter=${stayOpen} onPointerLeave=${hideSoon} onKeyDown=${onKeyDown}>
      <p class="detail-token" id="history-title"><span class=${token.special ? "row-special" : ""}>${h(TokenText, { display: token.display })}</span> <span class="quiet">id ${token.id}</span></p>
      <p class="history-method">${methodText(node)}${own && html`<span class="quiet numbers"> · raw ${formatProbability(own.p_base)} · surprise ${formatBits(surprisalBits(own.p_base))}</span>`}</p>
      <p class="quiet">${paramsText(node)}</p>
      ${dist ? html`
        ${h(Rows, { dist, own, chosen: token.id, ways, onTake: take })}
        <p class="quiet">These were the chances then. Choose a token to go on from here with it; what came after is kept, and Undo brings it back.</p>
      ` : html`<p class="quiet">Nothing else was recorded for this token.</p>`}
      ${last && html`<button type="button" class="button button-danger" onClick=${remove}>Remove this token</button>`}
    </section>
  `;
}

/**
 * The row that was taken stays in sight wherever the list is scrolled to.
 * @param {{ dist: Distribution, own: DistributionRow | null, chosen: number, ways: Set<number>, onTake: (id: number) => void }} props
 */
function Rows({ dist, own, chosen, ways, onTake }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const rows = own && !dist.tokens.includes(own) ? [...dist.tokens, own] : dist.tokens;
  const { above, below } = useMoreRows(list, rows.length + 1);
  const runs = runsOf(rows);
  const sign = below > 0 ? `▾ ${below} more below` : above > 0 ? `▴ ${above} more above` : "";
  return html`
    <p class="history-row history-head"><span class="history-more">${sign}</span><span></span><span class="numbers">final</span><span class="numbers">raw</span></p>
    <ol class="history-rows" data-above=${above > 0} data-below=${below > 0} aria-label="What else was possible here" ref=${list}>
      ${rows.map((row, index) => [
        runs.filter(({ first }) => first === index).map((run) => h(CutRule, { key: `rule${index}`, run, ranked: false })),
        h(Alternate, { key: row.id, row, chosen: row.id === chosen, taken: ways.has(row.id), onTake }),
      ])}
      <li class="history-row history-other"><span>Other</span>${bar(dist.other_p_final, dist.other_p_base)}<span class="numbers">${formatProbability(dist.other_p_final)}</span><span class="numbers quiet">${formatProbability(dist.other_p_base)}</span></li>
    </ol>
  `;
}

/** @param {{ row: DistributionRow, chosen: boolean, taken: boolean, onTake: (id: number) => void }} props */
function Alternate({ row, chosen, taken, onTake }) {
  const cut = cutter(row);
  const content = html`
    <span class=${`history-token ${row.special ? "row-special" : ""}`}>${h(TokenText, { display: row.display, compact: true })}</span>
    ${taken && html`<span class="row-note">tried before</span>`}
    ${bar(row.p_final, row.p_base)}
    <span class="sr-only">, final </span><span class="numbers">${formatProbability(row.p_final)}</span><span class="sr-only">, raw </span><span class="numbers quiet">${formatProbability(row.p_base)}</span>${cut !== null && html`<span class="sr-only">, ${cutText(cut)}</span>`}
  `;
  if (chosen) return html`<li class="history-row history-chosen" data-chosen="true" data-kept=${row.kept}><span class="sr-only">This one came: </span>${content}</li>`;
  return html`
    <li><button type="button" class="history-row" data-kept=${row.kept} disabled=${!row.valid} onClick=${() => onTake(row.id)}>${content}<span class="sr-only">. Go on with this token.</span></button></li>
  `;
}

/**
 * @param {number} final
 * @param {number} raw
 */
function bar(final, raw) {
  return html`<span class="track"><span class="bar-final" style=${{ width: linearWidth(final) }}></span><span class="bar-raw" style=${{ width: linearWidth(raw) }}></span></span>`;
}
