// One line that unfolds: what few people need stands behind it.

import { html } from "../html.js";

/**
 * The line never takes a second one; all of what it says is behind it, too.
 * @param {{ line: any, children?: any }} props
 */
export function Folded({ line, children }) {
  return html`<details class="folded"><summary><span class="folded-line">${line}</span></summary><div class="folded-body">${children}</div></details>`;
}
