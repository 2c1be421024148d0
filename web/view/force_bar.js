// Any text as the next tokens. The text stays in the field unless the server took it.

import { useState } from "preact/hooks";
import { html } from "../html.js";
import { forceText } from "../state/actions.js";
import { constraint, NO_FORCED_TEXT } from "../state/constraint.js";

export function ForceBar() {
  const [text, setText] = useState("");
  const barred = constraint.value !== null;
  const onSubmit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const outcome = await forceText(text);
    if (outcome === "ok" || outcome === "done") setText("");
  };
  return html`
    <form class="force field-row" title=${barred ? NO_FORCED_TEXT : null} data-barred=${barred} onSubmit=${onSubmit}
      onClick=${() => barred && void forceText(text || " ")}>
      <input class="field field-code" type="text" aria-label="Text to force" placeholder=${barred ? "Not while a constraint is on" : "Force text as the next tokens"} disabled=${barred}
        autocomplete="off" spellcheck="false" value=${text}
        onInput=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button" disabled=${barred || text === ""}>Force</button>
    </form>
  `;
}
