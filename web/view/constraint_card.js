// Constrained sampling: which grammar the completion has to follow, and from where on.

import { h, html } from "../html.js";
import { plural } from "../lib/format.js";
import { bringTextBack, chooseConstraintKind, chooseExample, countFromHere, countFromStart, enableConstraint, setWhitespace } from "../state/actions.js";
import { anchorIndex, kind, text } from "../state/constraint.js";
import { constraintFailure } from "../state/constraint_check.js";
import * as store from "../state/store.js";
import { largeEditor } from "../state/view_switch.js";
import { Card } from "./card.js";
import { ConstraintEditor, toggleLargeEditor } from "./constraint_editor.js";
import { ChoiceKnob } from "./knobs.js";

/** @import { ConstraintKind, ConstraintSpec } from "../types/wire" */

/** @typedef {Event & { currentTarget: HTMLSelectElement }} SelectEvent */

const WHITESPACE = {
  id: "constraint-whitespace",
  label: "White space in JSON",
  explanation: "Between the parts of a document: at most one space, or line breaks and indentation as the model likes. With any white space a model that does not know how to go on may write nothing else.",
  choices: ["single", "flexible"],
};

export function ConstraintCard() {
  const spec = store.catalog.value?.constraint;
  const content = spec && kind.value
    ? h(Settings, { spec, kind: kind.value })
    : html`<p class="quiet">The kinds appear as soon as the server answers.</p>`;
  return h(Card, { id: "constraint", title: "Constrained sampling", collapsed: store.constraintCollapsed, summary: summary() }, content);
}

function summary() {
  if (!store.constraintOn.value) return "Off";
  const parts = [kind.value?.label ?? store.constraintTexts.value.kind, constraintFailure() ? "cannot be applied" : "on"];
  if (anchorIndex.value > 0) parts.push(`after token ${anchorIndex.value}`);
  return parts.join(" · ");
}

/** @param {{ spec: ConstraintSpec, kind: ConstraintKind }} props */
function Settings({ spec, kind }) {
  return html`
    ${largeEditor.value
      ? html`<p class="quiet">The text is open in the large editor.</p>
        <button type="button" class="button" id="constraint-enlarge" onClick=${toggleLargeEditor}>Back to here</button>`
      : h(WhatIsWritten, { spec, kind })}
    ${kind.id === "json_schema" && h(ChoiceKnob, { knob: WHITESPACE, value: store.constraintWhitespace.value,
      onValue: (value) => setWhitespace(value === "flexible" ? "flexible" : "single") })}
    ${h(Anchor, {})}
  `;
}

/**
 * The switch, the kind, the text and its examples, in the card or with more room.
 * @param {{ spec: ConstraintSpec, kind: ConstraintKind, large?: boolean }} props
 */
export function WhatIsWritten({ spec, kind, large = false }) {
  return html`
    <label class="switch">
      <input type="checkbox" role="switch" id="constraint-enabled" checked=${store.constraintOn.value}
        onChange=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => enableConstraint(event.currentTarget.checked)} />
      <span>Constrain sampling</span>
    </label>
    <div class="knob">
      <div class="knob-head"><label for="constraint-kind">Kind</label></div>
      <select class="field" id="constraint-kind" value=${kind.id} onChange=${(/** @type {SelectEvent} */ event) => chooseConstraintKind(event.currentTarget.value)}>
        ${spec.kinds.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === kind.id}>${one.label}</option>`)}
      </select>
    </div>
    ${h(ConstraintEditor, { key: kind.id, kind, large })}
    ${h(Examples, { spec, kind })}
  `;
}

/** @param {{ spec: ConstraintSpec, kind: ConstraintKind }} props */
function Examples({ spec, kind }) {
  const current = spec.examples.findIndex((one) => one.kind === kind.id && one.schema === text.value);
  const choose = (/** @type {SelectEvent} */ { currentTarget }) => {
    const example = spec.examples[Number(currentTarget.value)];
    if (currentTarget.value !== "" && example) chooseExample(example);
  };
  const groups = spec.kinds.map(({ id, label }) => ({ label, examples: spec.examples.map((one, index) => ({ ...one, index })).filter((one) => one.kind === id) }));
  return html`
    <div class="knob">
      <div class="knob-head"><label for="constraint-example">Example</label></div>
      <select class="field" id="constraint-example" value=${current < 0 ? "" : String(current)} aria-describedby="constraint-example-about" onChange=${choose}>
        <option value="" selected=${current < 0}>Choose an example</option>
        ${groups.filter(({ examples }) => examples.length > 0).map(({ label, examples }) => html`<optgroup key=${label} label=${label}>
          ${examples.map((one) => html`<option key=${one.index} value=${String(one.index)} selected=${one.index === current}>${one.label}</option>`)}
        </optgroup>`)}
      </select>
      <p class="help" id="constraint-example-about">${spec.examples[current]?.explanation ?? "It takes the place of the text above."}</p>
      ${store.constraintTexts.value.replaced?.[kind.id] !== undefined && html`<button type="button" class="button button-small" onClick=${bringTextBack}>Bring your text back</button>`}
    </div>
  `;
}

function Anchor() {
  const anchor = anchorIndex.value;
  const length = store.completion.value.length;
  return html`
    <div class="knob" role="group" aria-labelledby="constraint-anchor">
      <div class="knob-head"><span class="quiet" id="constraint-anchor">The grammar counts</span></div>
      <div class="presets">
        <button type="button" class="chip" aria-pressed=${anchor === 0} onClick=${countFromStart}>from the start</button>
        <button type="button" class="chip" aria-pressed=${anchor > 0} aria-disabled=${length === 0} title="Count from the end of the completion as it is now"
          onClick=${countFromHere}>${anchor === 0 || anchor === length ? "from here" : `after token ${anchor}`}</button>
      </div>
      <p class="help">${anchor === 0
        ? "Every token of the completion has to follow it, forced ones too."
        : `It does not look at the first ${plural(anchor, "token")} of the completion.${anchor < length ? " Press again to begin at its end." : ""}`}</p>
    </div>
  `;
}
