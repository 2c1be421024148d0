// Where people say which model they want: a field for any name, with suggestions under it.

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { CLOSED, pressKey } from "../lib/combobox.js";
import { formatBytes } from "../lib/format.js";
import { matchSuggestions } from "../lib/suggestions.js";
import { loadModel } from "../state/actions.js";
import * as store from "../state/store.js";
import { Icon } from "./icons.js";

/** @import { ModelSuggestion } from "../types/wire" */

const optionId = (/** @type {number} */ index) => `model-option-${index}`;

export function ModelField() {
  const [list, setList] = useState(CLOSED);
  /** Filters only by what was typed since the list was closed: a name that stands there hides nothing. */
  const [typed, setTyped] = useState("");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const models = matchSuggestions(store.catalog.value?.models ?? [], typed);
  const open = list.open && models.length > 0;
  const active = open ? list.active : -1;

  useEffect(() => {
    if (active >= 0) document.getElementById(optionId(active))?.scrollIntoView?.({ block: "nearest" });
  }, [active]);

  const close = () => {
    setList(CLOSED);
    setTyped("");
  };
  const show = () => setList({ open: true, active: -1 });
  const pick = (/** @type {ModelSuggestion} */ model) => {
    close();
    store.modelField.value = model.id;
    void loadModel(model.id);
  };
  const onInput = (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
    store.modelField.value = event.currentTarget.value;
    setTyped(event.currentTarget.value);
    show();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const next = pressKey({ open, active }, event.key, models.length);
    if (next === null) return;
    // Escape closes the list and not the drawer it is in, too.
    event.preventDefault();
    event.stopPropagation();
    const model = next.pick ? models[next.active] : undefined;
    if (model) pick(model);
    else if (next.open) setList(next);
    else close();
  };
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    close();
    void loadModel(store.modelField.value);
  };
  const toggle = () => {
    if (open) return close();
    field.current?.focus();
    setTyped("");
    show();
  };
  // Going to the list with a pointer must not take the focus from the field, which would close it.
  const keepFocus = (/** @type {Event} */ event) => event.preventDefault();

  return html`
    <form class="model-form" onSubmit=${onSubmit}>
      <div class="field-row">
        <div class="combobox">
          <input class="field" type="text" role="combobox" aria-label="Model id" aria-describedby="model-help" aria-autocomplete="list"
            aria-expanded=${open} aria-controls="model-options" aria-activedescendant=${active >= 0 ? optionId(active) : null}
            spellcheck="false" autocomplete="off" autocapitalize="off" enterkeyhint="go" ref=${field} value=${store.modelField.value}
            title=${store.modelField.value} onInput=${onInput} onKeyDown=${onKeyDown} onClick=${() => open || show()} onBlur=${close} />
          <button type="button" class="combobox-button" tabindex="-1" aria-label="Suggested models" aria-expanded=${open} aria-controls="model-options"
            onMouseDown=${keepFocus} onClick=${toggle}>${h(Icon, { name: "chevron" })}</button>
        </div>
        <button type="submit" class="button" aria-disabled=${store.status.value?.loading === true}>Load</button>
      </div>
      <div class="options" id="model-options" role="listbox" aria-label="Suggested models" hidden=${!open} onMouseDown=${keepFocus}>
        ${open && groups(models).map(([title, id, group]) => html`
          <div role="group" key=${id} aria-labelledby=${id}>
            <p class="options-title" id=${id} role="presentation">${title}</p>
            ${group.map((model) => option(model, models.indexOf(model), active, () => pick(model)))}
          </div>`)}
      </div>
    </form>
  `;
}

/**
 * @param {ModelSuggestion[]} models
 * @returns {[string, string, ModelSuggestion[]][]}
 */
function groups(models) {
  const here = models.filter((model) => model.cached);
  const away = models.filter((model) => !model.cached);
  /** @type {[string, string, ModelSuggestion[]][]} */
  const all = [
    ["On this machine", "models-here", here],
    ["To fetch", "models-to-fetch", away],
  ];
  return all.filter(([, , group]) => group.length > 0);
}

/**
 * @param {ModelSuggestion} model
 * @param {number} index
 * @param {number} active
 * @param {() => void} onPick
 */
function option(model, index, active, onPick) {
  const size = model.bytes > 0 ? `${model.cached ? "" : "about "}${formatBytes(model.bytes)}` : "";
  return html`
    <div class="option" role="option" key=${model.id} id=${optionId(index)} aria-selected=${index === active} onClick=${onPick}>
      <span class="option-label">${model.label}</span>
      <span class="option-size numbers">${size}</span>
      <span class="option-id code">${model.id}</span>
    </div>
  `;
}
