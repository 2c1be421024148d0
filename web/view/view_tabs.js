// The row of tabs that switches between views, and the panel that a tab stands for.

import { html } from "../html.js";
import { chooseView, largeEditor, neighbour, view, VIEWS } from "../state/view_switch.js";

export function ViewTabs() {
  const onKeyDown = (/** @type {KeyboardEvent & { currentTarget: HTMLElement }} */ event) => {
    const next = neighbour(view.value, event.key);
    if (!next || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    // Elsewhere these arrows step and delete.
    event.preventDefault();
    chooseView(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label="View" onKeyDown=${onKeyDown}>
      ${VIEWS.map(({ id, label, about }) => html`
        <button type="button" key=${id} class="tab" role="tab" id=${`tab-${id}`} title=${about} aria-selected=${id === view.value && !largeEditor.value}
          aria-controls="view" tabindex=${id === view.value ? 0 : -1} onClick=${() => chooseView(id)}>${label}</button>`)}
    </div>
  `;
}

/** @param {{ children?: any }} props */
export function ViewPanel({ children }) {
  const name = largeEditor.value ? "large-editor-title" : `tab-${view.value}`;
  return html`<div class="view" role=${largeEditor.value ? "group" : "tabpanel"} id="view" aria-labelledby=${name}>${children}</div>`;
}
