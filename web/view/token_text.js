// The display form of a token. The sign the server uses for a space is missing in many system
// fonts, so another glyph is drawn over it; the text itself stays what the server said.

import { html } from "../html.js";

const SPACE = "␠";

/** @param {{ display: string }} props */
export function TokenText({ display }) {
  if (!display.includes(SPACE)) return display;
  return display.split(/(␠+)/).map((part) => (part.startsWith(SPACE) ? html`<span class="space-mark" data-mark=${"␣".repeat(part.length)}>${part}</span>` : part));
}
