// The model itself: a box that can be switched off.

import { html } from "../html.js";
import { toggleLlm } from "../state/actions.js";
import * as store from "../state/store.js";

export function LlmBox() {
  const on = store.llmEnabled.value;
  return html`
    <button type="button" class="llm" data-wire="llm" aria-pressed=${on} aria-busy=${store.busy.value}
      title=${on ? "Switch the model off: only the tokens are shown" : "Switch the model on"} onClick=${toggleLlm}>
      <span class="llm-name">LLM</span>
      <span class="llm-state" aria-hidden="true">${on ? (store.busy.value ? "working" : "on") : "off"}</span>
    </button>
  `;
}
