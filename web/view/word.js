// What is seen of one token of running text.

import { html } from "../html.js";

/** @import { Joined } from "../lib/split_characters.js" */
/** @import { TokenPill } from "../types/wire" */

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
 * A line break is drawn as a sign, so that users can point at it.
 * @param {string} text
 */
function withBreaks(text) {
  if (!text.includes("\n")) return text;
  return text.split(/(\n)/).map((part) => (part === "\n" ? html`<span class="line-mark">⏎</span>${"\n"}` : part));
}
