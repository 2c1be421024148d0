// The card of a generated token's past: how it came about, what else was possible, and the way to
// go another way from there.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { formatBits, formatProbability, stageName } from "../lib/format.js";
import { placeBeside, placeCard } from "../lib/geometry.js";
import { surprisalBits } from "../lib/tint.js";
import { deleteLast, takeInstead } from "../state/actions.js";
import { methodText, otherWays, ownRow, paramsText } from "../state/recorded.js";
import * as store from "../state/store.js";
import { barWidth } from "./bar.js";
import { hideHistory, hideSoon, leaveHistory, look, stayOpen } from "./history_aim.js";
import { TokenText } from "./token_text.js";
import { walkOn } from "./walk.js";

/** @import { DistributionRow } from "../types/wire" */
/** @import { TokenNode } from "../types/app" */

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
  return h(Card, { key: `${node.id} ${seen.cause}`, node, index: seen.index, anchor: seen.anchor, cause: seen.cause });
}

/** @param {{ node: TokenNode, index: number, anchor: HTMLElement, cause: string }} props */
function Card({ node, index, anchor, cause }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (!card.current || !anchor.isConnected) return;
    const { offsetWidth, offsetHeight, style } = card.current;
    const [size, space] = [{ width: offsetWidth, height: offsetHeight }, { width: innerWidth, height: innerHeight }];
    const token = anchor.getClientRects()[0] ?? anchor.getBoundingClientRect();
    // Beside the list rather than over its tokens, which an attribution paints.
    const column = anchor.closest(".input, .stack")?.getBoundingClientRect();
    const place = column ? placeBeside({ left: column.left, right: column.right, top: token.top, bottom: token.bottom }, size, space) : placeCard(token, size, space, false);
    style.left = `${place.left}px`;
    style.top = `${place.top}px`;
  });
  const { token, dist } = node;
  const own = ownRow(node);
  const last = index === store.completion.value.length - 1;
  const ways = new Set(otherWays(store.session.value, node).map((one) => one.token.id));
  const listed = dist?.tokens.some((row) => row.id === token.id);
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
        <ol class="history-rows" aria-label="What else was possible here">
          ${dist.tokens.map((row) => h(Alternate, { key: row.id, row, chosen: row.id === token.id, taken: ways.has(row.id), onTake: take }))}
          ${own && !listed && h(Alternate, { key: "own", row: own, chosen: true, taken: false, onTake: take })}
          <li class="history-row history-other"><span>Other</span>${bar(dist.other_p_final, dist.other_p_base)}<span class="numbers">${formatProbability(dist.other_p_final)}</span><span class="numbers quiet">${formatProbability(dist.other_p_base)}</span></li>
        </ol>
        <p class="quiet">Final and raw probabilities then. Choose a token to go on from here with it; what came after stays and can be had back.</p>
      ` : html`<p class="quiet">Nothing else was recorded for this token.</p>`}
      ${last && html`<button type="button" class="button button-danger" onClick=${remove}>Remove this token</button>`}
    </section>
  `;
}

/** @param {{ row: DistributionRow, chosen: boolean, taken: boolean, onTake: (id: number) => void }} props */
function Alternate({ row, chosen, taken, onTake }) {
  const note = chosen ? "" : taken ? "tried before" : row.kept ? "" : row.cut_by === null ? "cut" : `cut: ${stageName(row.cut_by)}`;
  const content = html`
    <span class=${`history-token ${row.special ? "row-special" : ""}`}>${h(TokenText, { display: row.display, compact: true })}</span>
    ${bar(row.p_final, row.p_base, note)}
    <span class="sr-only">, final </span><span class="numbers">${formatProbability(row.p_final)}</span><span class="sr-only">, raw </span><span class="numbers quiet">${formatProbability(row.p_base)}</span>
  `;
  if (chosen) return html`<li class="history-row" data-chosen="true" data-kept=${row.kept}><span class="sr-only">This one came: </span>${content}</li>`;
  return html`
    <li><button type="button" class="history-row" data-kept=${row.kept} disabled=${!row.valid} onClick=${() => onTake(row.id)}>${content}<span class="sr-only">. Go on with this token.</span></button></li>
  `;
}

/**
 * @param {number} final
 * @param {number} raw
 * @param {string} [note]
 */
function bar(final, raw, note = "") {
  return html`<span class="track"><span class="bar-final" style=${{ width: barWidth(final) }}></span><span class="bar-raw" style=${{ width: barWidth(raw) }}></span>${note && html`<span class="badge">${note}</span>`}</span>`;
}
