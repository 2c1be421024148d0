// A card of the sidebar: a heading that opens and closes what is under it.

import { h, html } from "../html.js";
import { Icon } from "./icons.js";

/** @import { Signal } from "@preact/signals" */

/**
 * `summary` stands in for the content while the card is closed.
 * @param {{ id: string, title: string, collapsed: Signal<boolean>, summary: string, children?: any }} props
 */
export function Card({ id, title, collapsed, summary, children }) {
  const open = !collapsed.value;
  const toggle = () => (collapsed.value = open);
  return html`
    <section class="card" aria-labelledby=${`${id}-title`}>
      <h2 class="card-title" id=${`${id}-title`}>
        <button type="button" class="card-toggle" aria-expanded=${open} aria-controls=${`${id}-body`} onClick=${toggle}>
          <span>${title}</span>
          ${h(Icon, { name: "chevron" })}
        </button>
      </h2>
      ${!open && html`<p class="card-summary">${summary}</p>`}
      <div class="card-body" id=${`${id}-body`} hidden=${!open}>${open && children}</div>
    </section>
  `;
}
