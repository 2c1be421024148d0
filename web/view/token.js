// One token, as a pill in the text or as a row of the stack.

import { h, html } from "../html.js";
import { formatPercent, formatScore } from "../lib/heat.js";
import { partText } from "../lib/split_characters.js";
import { deleteLast, keepAt } from "../state/actions.js";
import { aimHandlers } from "./aim.js";
import { enterHistory, tapHistory } from "./history_aim.js";
import { paintAttributes } from "./painted.js";
import { TokenText } from "./token_text.js";

/** @import { Joined } from "../lib/split_characters.js" */
/** @import { TokenPill } from "../types/wire" */
/** @import { Target } from "../types/app" */
/** @import { Paint } from "./painted.js" */

/** @typedef {{ token: TokenPill, paint?: Paint | null, piece?: Joined | undefined }} TokenProps `piece` is set where several tokens make one character */

/** Only tokens that may not fit their place are clipped: each clip is one more thing for the browser to put together. */
const LONG = 7;

/** A token of the prompt; `index` is its place there. @param {TokenProps & { index: number }} props */
export function Token({ token, index, paint = null, piece }) {
  const score = scoreText(paint);
  return html`<span class=${`token ${token.special ? "token-special" : "token-prompt"} ${clip(token)}`} data-prompt=${index} data-piece=${pieceOf(piece)}
    title=${aboutToken(token, score, piece)} ...${paintAttributes(paint)}>${h(TokenText, { display: token.display })}${h(Makes, { piece })}${spoken(piece ? partText(piece) : "")}${spoken(score)}</span>`;
}

/**
 * A token of the completion: it opens the card of its past, and can be asked where it came from if it
 * has a `target`. The last one can be deleted right there.
 * @param {TokenProps & { index: number, last: boolean, forced: boolean, target: Target | null }} props
 */
export function GeneratedToken({ token, index, last, forced, target, paint = null, piece }) {
  const score = scoreText(paint);
  const kind = token.special ? "token-special" : "token-completion";
  const onClick = (/** @type {MouseEvent & { currentTarget: HTMLElement }} */ event) => {
    const tapped = tapHistory(index, event.currentTarget);
    // A key rather than a pointer.
    if (event.detail === 0) enterHistory(index, event.currentTarget);
    else if (last && !tapped) deleteLast();
    else if (target) keepAt(target);
  };
  const label = `${token.display}: ${last ? "the last token. Alternatives, or remove it" : "alternatives"}${piece ? `, ${partText(piece)}` : ""}${forced ? ", forced" : ""}${score && `, ${score}`}`;
  return html`
    <button type="button" class=${`token ${kind} ${clip(token)} ${last ? "token-last token-fresh" : "token-aim"}`} tabindex=${last ? null : -1} data-index=${index} data-piece=${pieceOf(piece)}
      data-forced=${forced || null} aria-label=${label} title=${last ? `${aboutToken(token, score, piece)} · click to remove` : score || piece ? aboutToken(token, score, piece) : null} ...${paintAttributes(paint)} ...${aimHandlers(target)} onClick=${onClick}>
      <span class="token-text">${h(TokenText, { display: token.display })}</span>${h(Makes, { piece })}${last ? html`<span class="token-remove" aria-hidden="true">×</span>` : spoken(score)}
    </button>
  `;
}

/** @param {TokenPill} token */
function clip({ display }) {
  return display.length > LONG ? "token-long" : "";
}

/** Where a token stands among those that make a character together: a bracket runs from the first to the last. @param {Joined | undefined} piece */
export function pieceOf(piece) {
  if (!piece) return null;
  return piece.part === 0 ? "first" : piece.part === piece.of - 1 ? "last" : "inner";
}

/** What the pieces make, behind the last of them. @param {{ piece: Joined | undefined }} props */
function Makes({ piece }) {
  return piece && piece.part === piece.of - 1 ? html`<span class="token-makes" aria-hidden="true">${piece.makes}</span>` : null;
}

/**
 * @param {TokenPill} token
 * @param {string} score
 * @param {Joined} [piece]
 */
export function aboutToken(token, score, piece) {
  return [JSON.stringify(token.text), piece && partText(piece), `id ${token.id}`, score].filter(Boolean).join(" · ");
}

/** @param {string} words */
function spoken(words) {
  return words && html`<span class="sr-only"> ${words}</span>`;
}

/**
 * What a token of the completion is asked about.
 * @param {{ token: TokenPill }} node
 * @param {number} index
 * @returns {Target}
 */
export function targetOf({ token }, index) {
  return { index, id: token.id, display: token.display };
}

/** @param {Paint | null} paint */
export function scoreText(paint) {
  if (!paint?.cell) return "";
  const { cell, signed, sink } = paint;
  if (sink !== null) return `${formatPercent(sink)} of the attention, left out`;
  const score = formatScore(cell.score, signed);
  const together = cell.size > 1 ? ` for these ${cell.size} tokens together` : "";
  const without = cell.without === null ? "" : `, without it ${cell.without.toPrecision(3)}`;
  return `${score}${together}${without}`;
}
