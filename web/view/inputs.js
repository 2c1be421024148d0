// The inputs: a card for each branch. Only the active one can be edited; the others say what is in
// them and wait to be chosen.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { clear, newInput, openSessions } from "../state/actions.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";
import { InputCard } from "./input_card.js";
import { WaitingCard } from "./waiting_card.js";

export function Inputs() {
  const branches = store.branchTexts.value;
  const { id, prompt } = store.branchText.value;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const was = useRef(id);
  useLayoutEffect(() => {
    const card = /** @type {HTMLElement | null | undefined} */ (list.current?.querySelector(".input"));
    if (was.current === id || !card) return;
    was.current = id;
    card.scrollIntoView?.({ block: "nearest" });
    // The button that was pressed has gone with its card. Whoever is elsewhere stays there.
    if (document.activeElement && document.activeElement !== document.body) return;
    const field = /** @type {HTMLElement | null} */ (prompt === "" ? card.querySelector("#prompt-text") : null);
    (field ?? card).focus({ preventScroll: true });
  }, [id]);
  return html`
    <div class="inputs">
      <div class="input-cards" ref=${list} data-wire="input-frame">
        ${branches.map((branch) => (branch.id === id ? h(InputCard, { key: branch.id }) : h(WaitingCard, { key: branch.id, branch })))}
      </div>
      <div class="input-buttons">
        <button type="button" class="button" title="An empty text with the latest parameters" onClick=${newInput}>New input</button>
        <button type="button" class="button button-danger" title="Empty the text and remove the completion"
          aria-disabled=${prompt === "" && store.completion.value.length === 0} onClick=${clear}>Clear</button>
        <button type="button" class="icon-button input-files" aria-label="Save and open" title="Save and open: export, import, other sessions" onClick=${openSessions}>${h(Icon, { name: "files" })}<span class="input-files-words">Save and open</span></button>
      </div>
    </div>
  `;
}
