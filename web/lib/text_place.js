// Places in a text as the server names them: line and column in characters, both from 1.

/** @import { TextRange } from "../types/wire" */

/**
 * The range of a text that an error is about, as indices of a string. What offends at the end of
 * the text has no length.
 * @param {string} text
 * @param {{ line?: number | undefined, column?: number | undefined, offending?: string | undefined }} error
 * @returns {{ start: number, end: number } | null}
 */
export function rangeOf(text, { line, column, offending = "" }) {
  if (line === undefined) return null;
  const start = indexOf(text, line, column ?? 1);
  const length = text.startsWith(offending, start) ? offending.length : 0;
  return { start, end: start + (length || ([...text.slice(start, start + 2)][0]?.length ?? 0)) };
}

/**
 * A range by its two places, as indices of a string.
 * @param {string} text
 * @param {TextRange} range
 */
export function spanOf(text, { line, column, end_line, end_column }) {
  return { start: indexOf(text, line, column), end: indexOf(text, end_line, end_column) };
}

/**
 * @param {string} text
 * @param {number} line
 * @param {number} column
 */
function indexOf(text, line, column) {
  const lines = text.split("\n");
  const row = Math.min(Math.max(line, 1), lines.length) - 1;
  const before = lines.slice(0, row).reduce((sum, one) => sum + one.length + 1, 0);
  return before + [...(lines[row] ?? "")].slice(0, column - 1).join("").length;
}
