// An error as people get to see it, wherever that is: all of it, and a way to take it along.

import { h, html } from "../html.js";
import { CopyButton } from "./copy_button.js";

/** @param {{ detail: string, hint?: string }} props */
export function ErrorText({ detail, hint = "" }) {
  return html`
    <div class="error-text">
      <p class="error-detail">${detail}</p>
      ${hint && html`<p class="error-hint">${hint}</p>`}
      ${h(CopyButton, { text: hint ? `${detail}\n${hint}` : detail, label: "Copy the error" })}
    </div>
  `;
}
