// Stop sequences live in one text field, separated by "|". Since people need to stop at a line
// break or at a bar, \n, \t, \\ and \| are understood; any other backslash stays as typed.

const MEANING = /** @type {Record<string, string>} */ ({ n: "\n", t: "\t", "\\": "\\", "|": "|" });

/**
 * Blanks typed around a sequence are dropped, blanks written as \t or \n are kept.
 * @param {string} text
 * @returns {string[]}
 */
export function parseStopSequences(text) {
  return splitAtBars(text)
    .map((part) => unescape(part.trim()))
    .filter((part) => part !== "");
}

/**
 * The text that parses back to these sequences.
 * @param {string[]} sequences
 */
export function formatStopSequences(sequences) {
  return sequences.map(escape).join(" | ");
}

/** @param {string} text */
function splitAtBars(text) {
  const parts = [""];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === "\\" && index + 1 < text.length) {
      parts[parts.length - 1] += character + text.charAt(index + 1);
      index += 1;
    } else if (character === "|") {
      parts.push("");
    } else {
      parts[parts.length - 1] += character;
    }
  }
  return parts;
}

/** @param {string} text */
function unescape(text) {
  return text.replace(/\\([nt\\|])/g, (whole, letter) => MEANING[letter] ?? whole);
}

/** @param {string} text */
function escape(text) {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t");
}
