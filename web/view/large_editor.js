// The constraint with room: its text beside the distribution, and below it what the completion has become. It is no
// dialog, since a schema is debugged by stepping and looking: the rows, the grammar panel and all keys stay.

import { useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { layoutJson } from "../lib/json_text.js";
import { anchorIndex, kind } from "../state/constraint.js";
import { completionText } from "../state/recorded.js";
import * as store from "../state/store.js";
import { WhatIsWritten } from "./constraint_card.js";
import { toggleLargeEditor } from "./constraint_editor.js";
import { CopyButton } from "./copy_button.js";
import { Distribution } from "./distribution.js";
import { usePinnedEnd } from "./pinned_end.js";

export function LargeEditor() {
  const spec = store.catalog.value?.constraint;
  return html`
    <div class="reading large-editor">
      <section class="reading-column" aria-labelledby="large-editor-title">
        <div class="column-head">
          <h2 id="large-editor-title">Constrained sampling</h2>
          <span class="spacer"></span>
          <button type="button" class="button button-small" title="Close the large editor (Esc)" onClick=${toggleLargeEditor}>Close</button>
        </div>
        <div class="large-body">
          <div class="large-written">${spec && kind.value && h(WhatIsWritten, { spec, kind: kind.value, large: true })}</div>
          ${h(Written, {})}
        </div>
      </section>
      ${h(Distribution, {})}
    </div>
  `;
}

/** The completion from where the grammar counts, as JSON if it is any. */
function Written() {
  const nodes = store.completion.value.slice(anchorIndex.value).filter(({ token }) => !token.special);
  const written = completionText(nodes);
  const laid = layoutJson(written);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  usePinnedEnd(list, true, [written.length]);
  return html`
    <section class="large-completion" aria-labelledby="large-completion-title">
      <div class="column-head">
        <h3 id="large-completion-title">Completion</h3>
        <span class="quiet">${stateText(written, laid)}${laid?.open && html` <code class="code">${laid.open}</code>`}</span>
        <span class="spacer"></span>
        ${written !== "" && h(CopyButton, { text: laid?.text ?? written, label: "Copy the completion" })}
      </div>
      <pre class="large-text code" tabindex="0" role="group" aria-labelledby="large-completion-title" ref=${list}>${laid?.text ?? written}${laid?.open !== "" && html`<span class="open-end" title="The text goes on here"></span>`}</pre>
    </section>
  `;
}

/**
 * @param {string} written
 * @param {ReturnType<typeof layoutJson>} laid
 */
function stateText(written, laid) {
  if (written === "") return anchorIndex.value > 0 ? `nothing yet after token ${anchorIndex.value}` : "nothing yet";
  if (laid === null) return "";
  return laid.open === "" ? "a whole JSON document" : "still to be closed:";
}
