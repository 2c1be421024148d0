// The help: keys, views, stages, knobs and words, all from the tables that the page itself uses.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { GLOSSARY } from "../lib/glossary.js";
import { closeHelp, startTour } from "../state/learning.js";
import * as store from "../state/store.js";
import { VIEWS } from "../state/view_switch.js";
import { Icon } from "./icons.js";
import { LOCAL_KEYS, SHORTCUTS } from "./keyboard.js";

export function Help() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  const onClick = (/** @type {MouseEvent} */ event) => event.target === dialog.current && close();
  const { knobs = [], stages = [], attribution } = store.catalog.value ?? {};
  const keys = [...SHORTCUTS, ...LOCAL_KEYS];
  return html`
    <dialog class="help-dialog" aria-labelledby="help-title" ref=${dialog} onClose=${closeHelp} onClick=${onClick}>
      <div class="column-head">
        <h2 id="help-title">Help</h2>
        <span class="spacer"></span>
        <button type="button" class="button button-small" onClick=${startTour}>Show the tour</button>
        <button type="button" class="icon-button" aria-label="Close" title="Close" onClick=${close}>${h(Icon, { name: "close" })}</button>
      </div>
      <div class="help-body" tabindex="0" role="group" aria-label="Help text">
        <p>A language model reads all tokens of a text and gives every token it knows a score. Sampling turns the scores into chances and draws one. Then everything starts again, one token longer. Here you see each of these steps.</p>
        ${h(Section, { title: "Keys", open: true }, html`<dl class="help-keys">${keys.map(({ label, does }) => html`<div key=${label}><dt><kbd>${label}</kbd></dt><dd>${does}</dd></div>`)}</dl>`)}
        ${h(Section, { title: "Views" }, h(Words, { words: VIEWS.map(({ label, about }) => [label, `${about}.`]) }))}
        ${h(Section, { title: "From raw to final: the sampling stages, in order" }, h(Words, { words: stages.map(({ label, explanation }) => [label, explanation]) }))}
        ${h(Section, { title: "Knobs" }, h(Words, { words: knobs.map(({ label, explanation }) => [label, explanation]) }))}
        ${attribution && h(Section, { title: "Attribution: where a token came from" }, h(Words, { words: attribution.methods.map(({ label, explanation }) => [label, explanation]) }))}
        ${h(Section, { title: "Words" }, h(Words, { words: GLOSSARY }))}
      </div>
    </dialog>
  `;
}

/** @param {{ title: string, open?: boolean, children?: any }} props */
function Section({ title, open = false, children }) {
  return html`<details class="help-section" open=${open}><summary>${title}</summary>${children}</details>`;
}

/** @param {{ words: string[][] }} props */
function Words({ words }) {
  if (words.length === 0) return html`<p class="quiet">These appear as soon as the server answers.</p>`;
  return html`<dl class="help-words">${words.map(([word, meaning]) => html`<div key=${word}><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>`;
}
