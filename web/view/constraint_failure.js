// What stands in for the distribution where a constraint cannot be applied, and the ways out.

import { h, html } from "../html.js";
import { countFromHere, enableConstraint, rewindTo } from "../state/actions.js";
import { currentCheck, VIOLATED } from "../state/constraint_check.js";
import * as store from "../state/store.js";
import { openEditor } from "./constraint_editor.js";
import { CopyButton } from "./copy_button.js";

/** @import { Failure } from "../types/app" */

/** @param {{ failure: Failure }} props */
export function ConstraintFailure({ failure }) {
  const violated = failure.code === VIOLATED;
  const error = currentCheck()?.error;
  const place = error?.line === undefined ? "" : ` at line ${error.line}${error.column === undefined ? "" : `, column ${error.column}`}`;
  return html`
    <div class="constraint-failure" role="alert">
      <p class="empty-title">${violated ? "The completion leaves the grammar" : "The constraint cannot be used"}</p>
      <p>${failure.detail}</p>
      ${failure.hint && html`<p class="quiet">${failure.hint}</p>`}
      <div class="constraint-ways">
        ${violated ? h(BackIntoGrammar, { failure }) : html`<button type="button" class="button" onClick=${openEditor}>Correct it${place}</button>`}
        <button type="button" class="button" onClick=${() => enableConstraint(false)}>Switch it off</button>
        ${h(CopyButton, { text: `${failure.detail}\n${failure.hint}`, label: "Copy the error" })}
      </div>
    </div>
  `;
}

/** @param {{ failure: Failure }} props */
function BackIntoGrammar({ failure }) {
  const index = failure.tokenIndex ?? null;
  const node = index === null ? undefined : store.completion.value[index];
  return html`
    <button type="button" class="button" onClick=${countFromHere}>Count from here</button>
    ${index !== null && node && html`<button type="button" class="button" onClick=${() => rewindTo(index)}>Rewind to before “${node.token.display}”</button>`}
  `;
}
