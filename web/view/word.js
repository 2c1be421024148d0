// One token of running text: what is seen of it, and how it is painted.

import { html } from "../html.js";
import { pieceOf } from "./token.js";

/** @import { Joined } from "../lib/split_characters.js" */
/** @import { TokenPill } from "../types/wire" */
/** @import { Paint } from "./painted.js" */

/**
 * The attributes that paint a token of running text, and bracket the pieces of a character.
 * @param {Paint | null} paint
 * @param {Joined | undefined} piece
 */
export function painting(paint, piece) {
  const cell = paint?.cell;
  return {
    "data-piece": pieceOf(piece),
    "data-so-far": (cell && paint?.soFar) || null,
    "data-heat": cell ? (cell.against ? "against" : "for") : null,
    "data-score": cell?.score ?? null,
    "data-target": paint?.target || null,
    style: cell ? { "--heat": cell.strength.toFixed(3) } : null,
  };
}

/**
 * A character stands at the first of its pieces, and the others stay there to be pointed at.
 * @param {TokenPill} token
 * @param {Joined | undefined} piece
 */
export function wordText(token, piece) {
  if (piece) return piece.part === 0 ? withBreaks(piece.text) : html`<span class="word-part">·</span>`;
  return token.special ? token.display : withBreaks(token.text);
}

/**
 * A line break is drawn, since nobody can point at what is not there.
 * @param {string} text
 */
function withBreaks(text) {
  if (!text.includes("\n")) return text;
  return text.split(/(\n)/).map((part) => (part === "\n" ? html`<span class="line-mark">⏎</span>${"\n"}` : part));
}
