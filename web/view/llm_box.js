// The model itself: a box with a switch.

import { html } from "../html.js";
import { toggleLlm } from "../state/actions.js";
import * as store from "../state/store.js";

export function LlmBox() {
  const on = store.llmEnabled.value;
  const onChange = (/** @type {Event & { currentTarget: HTMLInputElement }} */ { currentTarget }) => {
    toggleLlm();
    // Space belongs to Play again after a click.
    if (!currentTarget.matches(":focus-visible")) currentTarget.blur();
  };
  return html`
    <label class="llm switch" data-wire="llm" data-on=${on} aria-busy=${store.busy.value}
      title=${on ? "Switch the model off: only the tokens are shown" : "Switch the model on"}>
      <span class="llm-name">LLM</span>
      <input type="checkbox" role="switch" checked=${on} onChange=${onChange} />
      <span class="llm-state" aria-hidden="true">${on ? (store.busy.value ? "working" : "on") : "off"}</span>
    </label>
  `;
}
