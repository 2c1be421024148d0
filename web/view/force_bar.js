// Any text as the next tokens. The text stays in the field unless the server took it.

import { useState } from "preact/hooks";
import { html } from "../html.js";
import { forceText } from "../state/actions.js";

export function ForceBar() {
  const [text, setText] = useState("");
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const outcome = await forceText(text);
    if (outcome === "ok" || outcome === "done") setText("");
  };
  return html`
    <form class="force field-row" onSubmit=${onSubmit}>
      <input class="field field-code" type="text" aria-label="Text to force" placeholder="Force text as the next tokens"
        autocomplete="off" spellcheck="false" value=${text}
        onInput=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button" disabled=${text === ""}>Force</button>
    </form>
  `;
}
