// Prompt and completion as one running text: every token of the completion tinted, forced ones underlined by
// dots, and a mark in the margin where the session knows another way on. The heat of an attribution takes the
// tint's place, since both are shades of one blue.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { formatBits, formatProbability } from "../lib/format.js";
import { joinSplit, partsIn, partText } from "../lib/split_characters.js";
import { surprisalBits, tintLevel } from "../lib/tint.js";
import { measure } from "../state/reading.js";
import { certainty, isForced, otherWays, waysOn } from "../state/recorded.js";
import * as store from "../state/store.js";
import { aim, keepAt, leave } from "../state/actions.js";
import { inChunks } from "./chunks.js";
import { enterHistory, historyHandlers, tapHistory } from "./history_aim.js";
import { Icon } from "./icons.js";
import { paintAttributes, paints } from "./painted.js";
import { usePinnedEnd } from "./pinned_end.js";
import { ProsePrompt } from "./prose_prompt.js";
import { pieceOf, targetOf } from "./token.js";
import { walkOn } from "./walk.js";
import { wordText } from "./word.js";

/** @import { Joined } from "../lib/split_characters.js" */
/** @import { TokenNode } from "../types/app" */
/** @import { Paint } from "./painted.js" */

const walk = walkOn(".word");

export function Prose() {
  const completion = store.completion.value;
  const session = store.session.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const joined = joinSplit(completion.map((node) => node.token));
  const ways = waysOn(session);
  const forks = new Set(completion.filter((node) => otherWays(session, node, ways).length > 0));
  const paint = paints();
  const unit = measure.value;
  const last = completion.length - 1;
  usePinnedEnd(list, last >= 0, [last]);
  const about = (/** @type {number} */ first, /** @type {number} */ end) => {
    const marks = completion.slice(first, end).filter((node) => forks.has(node)).map((node) => node.id);
    return [unit, paint.heat, partsIn(joined, first, end), marks.join(), end > last ? last : -1];
  };
  const draw = (/** @type {TokenNode} */ node, /** @type {number} */ index) => [
    forks.has(node) && h(ForkMark, { key: `f${node.id}`, count: otherWays(session, node, ways).length + 1 }),
    word(node, index, { joined: joined.get(index), stop: index === last, paint: paint.completion(index), level: paint.heat ? null : tintLevel(unit, certainty(node)) }),
  ];
  return html`
    <div class="prose" ref=${list} tabindex="0" role="group" aria-label="Prompt and completion" ...${handlers}>
      <p class="prose-text">
        ${h(ProsePrompt, {})}
        ${inChunks(completion, about, draw).chunks}
      </p>
      ${completion.length === 0 && html`<p class="quiet prose-empty">What the model writes appears here. Press Step or Play.</p>`}
    </div>
  `;
}

/** @param {{ count: number }} props */
function ForkMark({ count }) {
  return html`<span class="fork-mark" role="img" aria-label=${`${count} ways were taken from here`} title=${`${count} ways were taken from here: they are marked in the card of the next token`}>${h(Icon, { name: "fork" })}</span>`;
}

/**
 * @param {TokenNode} node
 * @param {number} index
 * @param {{ joined: Joined | undefined, stop: boolean, paint: Paint | null, level: number | null }} look
 */
function word(node, index, { joined, stop, paint, level }) {
  const { token } = node;
  const { p, entropy } = certainty(node);
  const parts = [token.display];
  if (joined) parts.push(partText(joined));
  if (p !== null) parts.push(`probability ${formatProbability(p)}, surprise ${formatBits(surprisalBits(p))}`);
  if (entropy !== null) parts.push(`entropy ${formatBits(entropy)}`);
  if (isForced(node)) parts.push("forced");
  return html`<span key=${node.id} class=${`word${token.special ? " word-special" : ""}`} role="button" tabindex=${stop ? 0 : -1} data-index=${index}
    data-tint=${level} data-forced=${isForced(node) || null} title=${joined ? partText(joined) : null} aria-label=${parts.join(", ")} data-piece=${pieceOf(joined)} ...${paintAttributes(paint)}>${wordText(token, joined)}</span>`;
}

/** @param {Event} event */
function wordAt({ target }) {
  const anchor = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(".word")) : null;
  const index = Number(anchor?.dataset["index"]);
  const node = anchor ? store.completion.value[index] : undefined;
  return anchor && node ? { anchor, index, target: targetOf(node, index) } : null;
}

const handlers = {
  ...historyHandlers,
  onPointerOver: (/** @type {PointerEvent} */ event) => {
    historyHandlers.onPointerOver(event);
    const word = wordAt(event);
    if (word && event.pointerType === "mouse") aim(word.target);
  },
  onPointerOut: (/** @type {PointerEvent} */ event) => {
    historyHandlers.onPointerOut(event);
    if (event.pointerType === "mouse") leave();
  },
  onFocusIn: (/** @type {FocusEvent} */ event) => {
    historyHandlers.onFocusIn(event);
    const word = wordAt(event);
    if (word?.anchor.matches(":focus-visible")) aim(word.target);
  },
  onFocusOut: (/** @type {FocusEvent} */ event) => {
    historyHandlers.onFocusOut(event);
    leave();
  },
  onClick: (/** @type {MouseEvent} */ event) => {
    const word = wordAt(event);
    if (!word) return;
    if (!tapHistory(word.index, word.anchor) && store.method.value) keepAt(word.target);
  },
  onKeyDown: (/** @type {KeyboardEvent & { currentTarget: HTMLElement }} */ event) => {
    if (event.key !== "Enter") return walk(event);
    const word = wordAt(event);
    if (!word) return;
    event.preventDefault();
    enterHistory(word.index, word.anchor);
  },
};
