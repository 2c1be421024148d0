// The prompt in front of the running text: the same tokens that the model gets, quiet, those of the chat
// template as marks, and painted by an attribution like all others.

import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { joinSplit, partsIn } from "../lib/split_characters.js";
import { promptFolded, togglePrompt } from "../state/reading.js";
import * as store from "../state/store.js";
import { inChunks } from "./chunks.js";
import { Icon } from "./icons.js";
import { paintAttributes, paints } from "./painted.js";
import { aboutToken, pieceOf, scoreText } from "./token.js";
import { wordText } from "./word.js";

/** @import { TokenPill } from "../types/wire" */

export function ProsePrompt() {
  const tokens = store.promptTokens.value;
  const folded = promptFolded.value;
  // Before a text's tokens are known there is the text itself.
  if (tokens.length === 0) return html`<span class="prose-prompt">${store.branch.value.prompt}</span>`;
  return html`
    ${folded !== null && html`<button type="button" class="prose-fold" aria-expanded=${!folded} onClick=${togglePrompt}>Prompt · ${plural(tokens.length, "token")}${h(Icon, { name: "chevron" })}</button>`}
    ${!folded && html`<span class="prose-prompt">${words(tokens)}</span>`}
  `;
}

/** @param {readonly TokenPill[]} tokens */
function words(tokens) {
  const paint = paints();
  const joined = joinSplit(tokens);
  const draw = (/** @type {TokenPill} */ token, /** @type {number} */ index) => {
    const [one, piece] = [paint.prompt(index), joined.get(index)];
    return html`<span key=${index} class=${`prompt-word${token.special ? " word-special" : ""}`} data-prompt=${index} title=${aboutToken(token, scoreText(one), piece)} data-piece=${pieceOf(piece)} ...${paintAttributes(one)}>${wordText(token, piece)}</span>`;
  };
  return inChunks(tokens, (first, end) => [paint.heat, partsIn(joined, first, end)], draw).chunks;
}
