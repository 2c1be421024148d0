// Says what another model did to completions, for as long as one press of Undo takes it back.

import { h, html } from "../html.js";
import { dismissMoved, undo } from "../state/actions.js";
import { moved } from "../state/moved_completions.js";
import { Icon } from "./icons.js";

export function SetAsideBanner() {
  const change = moved.value;
  if (!change) return null;
  const { model, aside, back } = change;
  return html`
    <div class="banner banner-notice" role="status">
      <p class="error-text"><span>
        <span class="code">${model}</span> answers now.
        ${aside.length > 0 && ` What another model wrote in ${list(aside)} was set aside, because its tokens mean something else here. It comes back with that model.`}
        ${back.length > 0 && ` What it wrote in ${list(back)} is back.`}
      </span></p>
      <button type="button" class="button button-small" onClick=${undo}>Undo</button>
      <button type="button" class="icon-button" aria-label="Dismiss" title="Dismiss" onClick=${dismissMoved}>${h(Icon, { name: "close" })}</button>
    </div>
  `;
}

/** @param {string[]} names */
function list(names) {
  return names.length < 4 ? names.join(", ") : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
}
