// Places in a text as errors name them: line and column in characters, both from 1.

/**
 * The range of a text that an error is about, as indices of a string. What offends at the end of
 * the text has no length.
 * @param {string} text
 * @param {{ line?: number | undefined, column?: number | undefined, offending?: string | undefined }} error
 * @returns {{ start: number, end: number } | null}
 */
export function rangeOf(text, { line, column, offending = "" }) {
  if (line === undefined) return null;
  const lines = text.split("\n");
  const row = Math.min(Math.max(line, 1), lines.length) - 1;
  const before = lines.slice(0, row).reduce((sum, one) => sum + one.length + 1, 0);
  const characters = [...(lines[row] ?? "")];
  const start = before + characters.slice(0, (column ?? 1) - 1).join("").length;
  const length = text.startsWith(offending, start) ? offending.length : 0;
  return { start, end: start + (length || ([...text.slice(start, start + 2)][0]?.length ?? 0)) };
}
