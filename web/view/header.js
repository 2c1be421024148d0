// Name, views, server state, theme, and in narrow windows the way to the settings.

import { h, html } from "../html.js";
import { setTheme } from "../state/actions.js";
import { constraintFailure } from "../state/constraint_check.js";
import { openHelp } from "../state/learning.js";
import { toggleProjector } from "../state/projector.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";
import { ViewTabs } from "./view_tabs.js";

/** @import { Theme } from "../types/app" */

export function Header() {
  const open = store.drawerOpen.value;
  return html`
    <header class="header" inert=${open}>
      <button type="button" class="button drawer-button" aria-expanded=${open} aria-controls="settings"
        onClick=${() => (store.drawerOpen.value = !open)}>${h(Icon, { name: "settings" })}<span>Settings</span></button>
      <h1 class="title">Tokenscope</h1>
      ${h(ViewTabs, {})}
      <p class="subtitle">How a language model picks its next token</p>
      <span class="spacer"></span>
      ${h(ServerPill, {})}
      ${h(ThemeSwitch, {})}
      <button type="button" class="icon-button projector-button" aria-label="Projector" title="Projector: large type for a class (P)" onClick=${toggleProjector}>${h(Icon, { name: "projector" })}</button>
      <button type="button" class="icon-button" aria-label="Help" title="Help (?)" onClick=${openHelp}>${h(Icon, { name: "help" })}</button>
    </header>
  `;
}

const SERVER_TEXT = { unknown: "Server", ok: "Server OK", error: "Server error" };

function ServerPill() {
  const state = store.server.value;
  const fault = state === "ok" ? constraintFailure() : null;
  if (fault) return html`<span class="pill server-error" role="status" title=${fault.detail}>Constraint<span class="pill-more"> error</span></span>`;
  return html`<span class=${`pill server-${state}`} role="status">${SERVER_TEXT[state]}</span>`;
}

/** @type {Theme[]} */
const THEMES = ["auto", "light", "dark"];

function ThemeSwitch() {
  return html`
    <fieldset class="segmented">
      <legend class="sr-only">Theme</legend>
      ${THEMES.map(
        (theme) => html`
          <label key=${theme} title=${`Theme: ${theme}`}>
            <input type="radio" name="theme" class="sr-only" value=${theme} checked=${store.theme.value === theme}
              onChange=${() => setTheme(theme)} />
            ${h(Icon, { name: theme })}
            <span class="sr-only">${theme}</span>
          </label>
        `,
      )}
    </fieldset>
  `;
}
