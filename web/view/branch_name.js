// The name of the active branch, which can be changed in its place.

import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { endRenaming, startRenaming } from "../state/actions.js";
import { MOST_NAME } from "../state/branches.js";
import * as store from "../state/store.js";

/** @typedef {Event & { currentTarget: HTMLInputElement }} NameEvent */

/** @param {{ onEnd: () => void }} props `onEnd` takes the focus */
export function BranchName({ onEnd }) {
  const editing = store.renaming.value;
  const { name } = store.branchText.value;
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const escaped = useRef(false);
  useLayoutEffect(() => {
    if (!editing) return;
    escaped.current = false;
    field.current?.focus();
    field.current?.select();
  }, [editing]);
  if (!editing) return html`<h2 class="branch-name" title="Double-click or F2 to rename" onDblClick=${startRenaming}>${name}</h2>`;
  const finish = (/** @type {NameEvent} */ event) => {
    endRenaming(escaped.current ? null : event.currentTarget.value);
  };
  const onKeyDown = (/** @type {KeyboardEvent & { currentTarget: HTMLInputElement }} */ event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    escaped.current = event.key === "Escape";
    event.currentTarget.blur();
    onEnd();
  };
  return html`<input class="field branch-field" type="text" aria-label="Name of this input" maxlength=${MOST_NAME} autocomplete="off" spellcheck="false"
    ref=${field} defaultValue=${name} onKeyDown=${onKeyDown} onBlur=${finish} />`;
}
