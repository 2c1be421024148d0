// The tokens of the text and of the completion as wrapping pills.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";
import { useKeepFocus } from "./keep_focus.js";
import { paints } from "./painted.js";
import { usePinnedEnd } from "./pinned_end.js";
import { targetOf, Token } from "./token.js";
import { walkOn } from "./walk.js";

const walk = walkOn("button.token");

export function Pills() {
  const prompt = store.promptTokens.value;
  const completion = store.completion.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const length = completion.length;
  const paint = paints();
  const asks = store.method.value !== null;
  useKeepFocus(list, "button.token");
  // The newest token is the one to watch.
  usePinnedEnd(list, length > 0, [length]);
  if (prompt.length + length === 0) return html`<p class="quiet">The tokens of this text appear here.</p>`;
  return html`
    <div class="pills" ref=${list} tabindex="0" role="group" aria-label="Tokens" onKeyDown=${walk}>
      ${prompt.map((token, index) => h(Token, { key: `p${index}`, token, kind: "prompt", paint: paint.prompt(index) }))}
      ${length > 0 && html`<span class="pill-arrow" role="img" aria-label="then the model wrote">${h(Icon, { name: "arrow" })}</span>`}
      ${completion.map((node, index) =>
        h(Token, { key: node.id, token: node.token, kind: "completion", last: index === length - 1, fresh: index === length - 1,
          target: asks ? targetOf(node, index) : null, paint: paint.completion(index) }))}
    </div>
  `;
}
