// The branches of the session side by side.

import { html } from "../html.js";

export function BranchesView() {
  return html`<section class="branches" aria-label="Branches"></section>`;
}
