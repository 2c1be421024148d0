// The prompt library as a dialog: a text of it takes the place of the prompt.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { SHELVES } from "../lib/prompts.js";
import { closeLibrary, takePrompt } from "../state/actions.js";
import { Icon } from "./icons.js";

/** @import { Prompt } from "../lib/prompts.js" */

export function PromptLibrary() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  const take = (/** @type {Prompt} */ { prompt }) => {
    takePrompt(prompt);
    close();
  };
  // What is inside the dialog fills it, so only the backdrop is the dialog itself.
  const onClick = (/** @type {MouseEvent} */ event) => event.target === dialog.current && close();
  return html`
    <dialog class="dialog library" aria-labelledby="library-title" ref=${dialog} onClose=${closeLibrary} onClick=${onClick}>
      <div class="dialog-body">
        <div class="column-head">
          <h2 id="library-title">Prompt library</h2>
          <span class="spacer"></span>
          <button type="button" class="icon-button" aria-label="Close" title="Close" onClick=${close}>${h(Icon, { name: "close" })}</button>
        </div>
        <p class="quiet">A prompt takes the place of the text and removes the completion. Undo brings both back.</p>
        <div class="shelves" tabindex="0" role="group" aria-label="Prompts">
          ${SHELVES.map(({ title, prompts }, index) => html`
            <section key=${title} aria-labelledby=${`shelf-${index}`}>
              <h3 id=${`shelf-${index}`}>${title}</h3>
              <ul class="shelf">
                ${prompts.map((prompt) => html`
                  <li key=${prompt.title}><button type="button" class="prompt-card" onClick=${() => take(prompt)}>
                    <span class="prompt-title">${prompt.title}</span>
                    <span class="prompt-text">${prompt.prompt}</span>
                    <span class="quiet">${prompt.look}</span>
                  </button></li>`)}
              </ul>
            </section>`)}
        </div>
      </div>
    </dialog>
  `;
}
