// The display form of a token. The sign the server uses for a space is missing in many system
// fonts, so another glyph is drawn over it, and where room is short a run of marks is drawn as one
// mark and its length. The text itself stays what the server said.

import { html } from "../html.js";

const SPACE = "␠";
const GLYPHS = /** @type {Record<string, string>} */ ({ [SPACE]: "␣" });

/** Shorter runs are read at a glance. */
const LONG_RUN = 3;

/** @param {{ display: string, compact?: boolean }} props */
export function TokenText({ display, compact = false }) {
  const parts = display.split(/(␠+|⏎{3,}|⇥{3,})/);
  return parts.map((part, index) => (index % 2 === 1 ? markRun(part, compact) : part));
}

/**
 * @param {string} run
 * @param {boolean} compact
 */
function markRun(run, compact) {
  const sign = run.charAt(0);
  const glyph = GLYPHS[sign] ?? sign;
  const mark = compact && run.length >= LONG_RUN ? `${glyph}×${run.length}` : glyph.repeat(run.length);
  return html`<span class="space-mark" data-mark=${mark}>${run}</span>`;
}
