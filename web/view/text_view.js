// The completion as running text beside the distribution of its next token.

import { h, html } from "../html.js";
import { Distribution } from "./distribution.js";

export function TextView() {
  return html`
    <div class="reading">
      <section class="prose" aria-label="Completion"></section>
      ${h(Distribution, {})}
    </div>
  `;
}
