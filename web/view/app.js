// The frame of the page: header, settings, one of the views, controls.

import { h, html } from "../html.js";
import { dismissFailure, dismissNotice } from "../state/actions.js";
import { helpOpen, tourStep } from "../state/learning.js";
import { projecting } from "../state/projector.js";
import * as store from "../state/store.js";
import { largeEditor, view } from "../state/view_switch.js";
import { Announcer } from "./announcer.js";
import { AttributionMatrix } from "./attribution_matrix.js";
import { BranchesView } from "./branches_view.js";
import { ControlBar } from "./control_bar.js";
import { ErrorText } from "./error_text.js";
import { Flow } from "./flow.js";
import { Header } from "./header.js";
import { Help } from "./help.js";
import { HistoryCard } from "./history_card.js";
import { Icon } from "./icons.js";
import { LargeEditor } from "./large_editor.js";
import { Projector } from "./projector.js";
import { PromptLibrary } from "./prompt_library.js";
import { RowDetail } from "./row_detail.js";
import { SessionDialog } from "./session_dialog.js";
import { SetAsideBanner } from "./set_aside_banner.js";
import { Sidebar } from "./sidebar.js";
import { TextView } from "./text_view.js";
import { Tour } from "./tour.js";
import { ViewPanel } from "./view_tabs.js";

const PANELS = { flow: Flow, text: TextView, branches: BranchesView };

export function App() {
  return html`
    <div class=${projecting.value ? "projecting" : "app"}>
      ${projecting.value ? h(Projector, {}) : h(Page, {})}
      ${store.sessionsOpen.value && h(SessionDialog, {})}
      ${store.libraryOpen.value && h(PromptLibrary, {})}
      ${store.matrix.value && h(AttributionMatrix, { matrix: store.matrix.value })}
      ${helpOpen.value && h(Help, {})}
    </div>
  `;
}

function Page() {
  return html`
      ${h(Header, {})}
      ${h(Sidebar, {})}
      <main class="stage" inert=${store.drawerOpen.value} aria-busy=${store.busy.value}>
        ${h(Announcer, {})}
        ${h(NoticeBanner, {})}
        ${h(SetAsideBanner, {})}
        ${tourStep.value !== null && !store.drawerOpen.value && h(Tour, { step: tourStep.value })}
        ${h(FailureBanner, {})}
        ${h(ViewPanel, {}, h(largeEditor.value ? LargeEditor : PANELS[view.value], {}))}
        ${h(RowDetail, {})}
        ${h(HistoryCard, {})}
      </main>
      ${h(ControlBar, {})}
  `;
}

function NoticeBanner() {
  const notice = store.notice.value;
  if (notice === "") return null;
  return html`
    <div class="banner banner-notice" role="status">
      <p class="error-text">${notice}</p>
      <button type="button" class="icon-button" aria-label="Dismiss notice" title="Dismiss" onClick=${dismissNotice}>${h(Icon, { name: "close" })}</button>
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
