// White space at the ends of a constraint's text, which counts and is not seen.

const SIGNS = /** @type {Record<string, string>} */ ({ " ": "␠", "\n": "⏎", "\t": "⇥" });
const NAMES = /** @type {Record<string, [string, string]>} */ ({ " ": ["a space", "spaces"], "\n": ["a line break", "line breaks"], "\t": ["a tab", "tabs"] });

/** Flags that are on from there on, among them x, for which white space in a pattern says nothing. */
const VERBOSE = /\(\?[a-zA-Z]*x[a-zA-Z]*(-[a-zA-Z]*)?\)/;

/** Most items that are shown. */
const SHOWN = 3;

/**
 * What is to be said about a constraint's text, and the items of a list that it is about, with their white space
 * as signs.
 * @param {string} kind by its id
 * @param {string} value
 * @returns {{ words: string, items: string[] }}
 */
export function outerSpace(kind, value) {
  if (kind === "regex") return { words: ofPattern(value), items: [] };
  if (kind === "multiple_choice") return ofChoices(value);
  return { words: "", items: [] };
}

/** @param {string} value */
function ofPattern(value) {
  const { before, after } = ends(value);
  if (before === value) return "";
  const parts = [before && `begins with ${named(before)}`, after && !VERBOSE.test(value) && `ends with ${named(after)}`].filter(Boolean);
  if (parts.length === 0) return "";
  return `The pattern ${parts.join(" and ")}, which ${parts.length > 1 ? "count" : "counts"}.`;
}

/** @param {string} value */
function ofChoices(value) {
  const list = listed(value);
  if (!list) return { words: /^[ \t]+\S|\S[ \t]+$/m.test(value) ? "White space around a choice does not count; in a JSON list it does." : "", items: [] };
  const items = list.filter((item) => item.trim() !== item);
  if (items.length === 0) return { words: "", items };
  const words = items.length === 1 ? "This choice begins or ends with white space, which counts:" : `${items.length} choices begin or end with white space, which counts:`;
  return { words, items: [...items.slice(0, SHOWN).map(marked), ...(items.length > SHOWN ? ["…"] : [])] };
}

/** The texts of a JSON list, or null if it is none. @param {string} value @returns {string[] | null} */
function listed(value) {
  if (!value.trim().startsWith("[")) return null;
  try {
    return JSON.parse(value).filter((/** @type {unknown} */ item) => typeof item === "string");
  } catch {
    return null;
  }
}

/** @param {string} value */
function ends(value) {
  return { before: value.match(/^\s*/)?.[0] ?? "", after: value.match(/\s*$/)?.[0] ?? "" };
}

/** White space in words. @param {string} space */
function named(space) {
  const [one, many] = NAMES[space.charAt(0)] ?? ["", ""];
  if (one === "" || space !== space.charAt(0).repeat(space.length)) return "white space";
  return space.length === 1 ? one : `${space.length} ${many}`;
}

/** @param {string} item */
function marked(item) {
  const { before, after } = ends(item);
  const signs = (/** @type {string} */ space) => [...space].map((c) => SIGNS[c] ?? `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`).join("");
  return before === item ? signs(item) : signs(before) + item.trim() + signs(after);
}
