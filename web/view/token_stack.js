// The tokens as the model gets them: one per row, in order.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";
import { useKeepFocus } from "./keep_focus.js";
import { usePinnedEnd } from "./pinned_end.js";
import { paints } from "./painted.js";
import { targetOf, Token } from "./token.js";

export function TokenStack() {
  const prompt = store.promptTokens.value;
  const completion = store.completion.value;
  const collapsed = store.promptCollapsed.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const length = completion.length;
  const paint = paints();
  const asks = store.method.value !== null;
  useKeepFocus(list, ".token-last");
  usePinnedEnd(list, true, [length, prompt.length, collapsed]);
  return html`
    <section class="stack" aria-label="Token stack">
      <button type="button" class="stack-toggle" aria-expanded=${!collapsed} aria-controls="stack-rows" disabled=${prompt.length === 0}
        title=${collapsed ? "Show the prompt's tokens" : "Fold the prompt's tokens"} data-wire=${collapsed ? "token" : null}
        onClick=${() => (store.promptCollapsed.value = !collapsed)}>
        <span class="stack-toggle-text">Prompt ×${prompt.length}</span>${h(Icon, { name: "chevron" })}
      </button>
      <ol class="stack-rows" id="stack-rows" ref=${list} data-wire="token-frame">
        ${!collapsed && prompt.map((token, index) => html`<li key=${`p${index}`} data-wire="token">${h(Token, { token, kind: "prompt", paint: paint.prompt(index) })}</li>`)}
        ${completion.map((node, index) => html`<li key=${node.id} data-wire="token">
          ${h(Token, { token: node.token, kind: "completion", last: index === length - 1, fresh: index === length - 1,
            target: asks ? targetOf(node, index) : null, paint: paint.completion(index) })}</li>`)}
      </ol>
    </section>
  `;
}
