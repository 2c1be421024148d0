// Where sessions go to and come from: files, pages, and what else this browser keeps.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { addKept, closeSessions, exportedPage, exportedSession, listKept, removeKept } from "../state/actions.js";
import * as store from "../state/store.js";
import { ErrorText } from "./error_text.js";
import { download, readFile } from "./files.js";
import { Icon } from "./icons.js";

/** @import { KeptSummary } from "../types/app" */

/** @typedef {Event & { currentTarget: HTMLInputElement }} FileEvent */

export function SessionDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => void listKept(), []);
  const close = () => dialog.current?.close();
  const onClick = (/** @type {MouseEvent} */ event) => event.target === dialog.current && close();
  const failure = store.importFailure.value;
  return html`
    <dialog class="dialog sessions" aria-labelledby="sessions-title" ref=${dialog} onClose=${closeSessions} onClick=${onClick}>
      <div class="dialog-body">
        <div class="column-head">
          <h2 id="sessions-title">Save and open</h2>
          <span class="spacer"></span>
          <button type="button" class="icon-button" aria-label="Close" title="Close" onClick=${close}>${h(Icon, { name: "close" })}</button>
        </div>
        <div class="sessions-list">
          <section aria-labelledby="export-title">
            <h3 id="export-title">Export all inputs</h3>
            <div class="sessions-row">
              <button type="button" class="button" onClick=${() => download(exportedSession())}>Session file</button>
              <p class="quiet">JSON with every recorded distribution. It can be opened here again.</p>
            </div>
            <div class="sessions-row">
              <button type="button" class="button" onClick=${async () => download(await exportedPage())}>Web page</button>
              <p class="quiet">One HTML file that replays the session in any browser, without a model or a network.</p>
            </div>
          </section>
          <section aria-labelledby="import-title">
            <h3 id="import-title">Open a file</h3>
            <div class="sessions-row">
              <label class="button file-button">Choose a file<input type="file" class="sr-only" accept=".json,.html,application/json,text/html"
                onChange=${(/** @type {FileEvent} */ event) => void readFile(event.currentTarget.files?.[0])} /></label>
              <p class="quiet">Its inputs come beside those that are here. A file can also be dropped anywhere on the page.</p>
            </div>
            ${failure && html`<div class="note note-error" role="alert">${h(ErrorText, failure)}</div>`}
          </section>
          <section aria-labelledby="kept-title">
            <h3 id="kept-title">Other sessions in this browser</h3>
            <p class="quiet">Each tab keeps its own session. A new tab goes on with the last one that no other tab has.</p>
            <ul class="kept">${store.keptSessions.value.map((kept) => h(Kept, { key: kept.id, kept, onAdded: close }))}</ul>
            ${store.keptSessions.value.length === 0 && html`<p class="quiet">There is no other.</p>`}
          </section>
        </div>
      </div>
    </dialog>
  `;
}

/** @param {{ kept: KeptSummary, onAdded: () => void }} props */
function Kept({ kept, onAdded }) {
  // A session is gone for good, so one press is not enough.
  const [sure, setSure] = useState(false);
  const name = kept.prompt === "" ? "no text" : kept.prompt.slice(0, 80);
  const add = async () => {
    await addKept(kept.id);
    onAdded();
  };
  return html`
    <li class="sessions-row">
      <span class="kept-name"><span>${name}</span><span class="quiet numbers"> · ${plural(kept.inputs, "input")} · ${new Date(kept.changed).toLocaleString()}${kept.inUse && " · open in another tab"}</span></span>
      <button type="button" class="button button-small" aria-label=${`Open ${name}`} onClick=${add}>Open</button>
      <button type="button" class="button button-small button-danger" aria-label=${`${sure ? "Delete for good" : "Delete"}: ${name}`} aria-disabled=${kept.inUse}
        onClick=${() => !kept.inUse && (sure ? void removeKept(kept.id) : setSure(true))} onBlur=${() => setSure(false)}>${sure ? "Delete for good" : "Delete"}</button>
    </li>
  `;
}
