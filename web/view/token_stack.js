// The tokens as the model gets them: one per row, in order. Beside the card of the input it is the one list of
// tokens; where the window has no room for it, pills.js draws them in the card.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { historyHandlers } from "./history_aim.js";
import { Icon } from "./icons.js";
import { useKeepFocus } from "./keep_focus.js";
import { usePinnedEnd } from "./pinned_end.js";
import { drawTokens } from "./token_list.js";
import { walkOn } from "./walk.js";
import { useWindow } from "./windowed.js";

const walk = walkOn("button.token");
const row = (/** @type {string} */ key, /** @type {any} */ token) => html`<li key=${key} data-wire="token">${token}</li>`;

export function TokenStack() {
  const prompt = store.promptTokens.value;
  const completion = store.completion.value;
  const collapsed = store.promptCollapsed.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const length = completion.length;
  const folded = collapsed ? [] : prompt;
  const range = useWindow(list, "li[data-wire]", folded.length + length);
  const tokens = drawTokens(folded, completion, { around: row, range });
  useKeepFocus(list, "button.token");
  usePinnedEnd(list, true, [length, prompt.length, collapsed]);
  // By keyboard the list is scrolled from a token in it; where none can have the focus, it has it itself.
  return html`
    <section class="stack" aria-label="Token stack">
      <button type="button" class="stack-toggle" aria-expanded=${!collapsed} aria-controls="stack-rows" disabled=${prompt.length === 0}
        title=${collapsed ? "Show the prompt's tokens" : "Fold the prompt's tokens"} data-wire=${collapsed ? "token" : null}
        onClick=${() => (store.promptCollapsed.value = !collapsed)}>
        <span class="stack-toggle-text">Prompt ×${prompt.length}</span>${h(Icon, { name: "chevron" })}
      </button>
      <ol class="stack-rows" id="stack-rows" ref=${list} tabindex=${length === 0 ? 0 : -1} aria-label="Tokens" data-wire="token-frame" onKeyDown=${walk} ...${historyHandlers}>
        ${gap(tokens.before * range.height)}
        ${tokens.prompt}
        ${tokens.completion}
        ${gap(tokens.after * range.height)}
      </ol>
    </section>
  `;
}

/** Stands for rows that are not drawn. @param {number} height */
function gap(height) {
  return html`<li class="stack-gap" aria-hidden="true" hidden=${height === 0} style=${{ height: `${height}px` }}></li>`;
}
