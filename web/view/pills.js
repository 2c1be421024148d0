// The tokens of the text and of the completion as wrapping pills, in windows without room for the stack.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { historyHandlers } from "./history_aim.js";
import { Icon } from "./icons.js";
import { useKeepFocus } from "./keep_focus.js";
import { usePinnedEnd } from "./pinned_end.js";
import { drawTokens } from "./token_list.js";
import { walkOn } from "./walk.js";

const walk = walkOn("button.token");

/** From so many tokens on, those out of sight are not laid out. */
const MANY = 512;
const wrap = (/** @type {any} */ drawn) => html`<div class="pill-chunk">${drawn}</div>`;

export function Pills() {
  const prompt = store.promptTokens.value;
  const completion = store.completion.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useKeepFocus(list, "button.token");
  // The newest token is the one to watch.
  usePinnedEnd(list, completion.length > 0, [completion.length]);
  if (prompt.length + completion.length === 0) return html`<p class="quiet">The tokens of this text appear here.</p>`;
  const tokens = drawTokens(prompt, completion, prompt.length + completion.length > MANY ? { wrap } : {});
  return html`
    <div class="pills" ref=${list} tabindex="0" role="group" aria-label="Tokens" onKeyDown=${walk} ...${historyHandlers}>
      ${tokens.prompt}
      ${completion.length > 0 && html`<span class="pill-arrow" role="img" aria-label="then the model wrote">${h(Icon, { name: "arrow" })}</span>`}
      ${tokens.completion}
    </div>
  `;
}
