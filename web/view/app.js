// The frame of the page: header, settings, flow, controls.

import { h, html } from "../html.js";
import { dismissFailure } from "../state/actions.js";
import * as store from "../state/store.js";
import { AttributionMatrix } from "./attribution_matrix.js";
import { ControlBar } from "./control_bar.js";
import { ErrorText } from "./error_text.js";
import { Flow } from "./flow.js";
import { Header } from "./header.js";
import { Icon } from "./icons.js";
import { Sidebar } from "./sidebar.js";

export function App() {
  return html`
    <div class="app">
      ${h(Header, {})}
      ${h(Sidebar, {})}
      <main class="stage" inert=${store.drawerOpen.value}>
        ${h(FailureBanner, {})}
        ${h(Flow, {})}
      </main>
      ${h(ControlBar, {})}
      ${store.matrix.value && h(AttributionMatrix, { matrix: store.matrix.value })}
    </div>
  `;
}

function FailureBanner() {
  const failure = store.failure.value;
  // The distribution pane tells its own refusal.
  if (!failure || failure.detail === store.shown.value?.failure?.detail) return null;
  return html`
    <div class="banner" role="alert">
      ${h(ErrorText, { detail: failure.detail, hint: failure.hint })}
      <button type="button" class="icon-button" aria-label="Dismiss" title="Dismiss" onClick=${dismissFailure}>${h(Icon, { name: "close" })}</button>
    </div>
  `;
}
