// The texts of the constraint editor: one for each kind, so that looking at another kind loses
// nothing. Pure functions.

/** @import { ConstraintKind } from "../types/wire" */
/** @import { ConstraintTexts } from "../types/app" */

/**
 * The kind in the editor; what a storage or another server's page names may not be one here.
 * @param {ConstraintTexts} state
 * @param {ConstraintKind[]} kinds
 */
export function kindOf({ kind }, kinds) {
  return kinds.find(({ id }) => id === kind) ?? kinds[0] ?? null;
}

/**
 * The text in the editor.
 * @param {ConstraintTexts} state
 * @param {ConstraintKind[]} kinds
 */
export function textOf(state, kinds) {
  const kind = kindOf(state, kinds);
  return kind ? (state.texts[kind.id] ?? kind.default) : "";
}

/**
 * @param {ConstraintTexts} state
 * @param {string} text
 * @param {ConstraintKind[]} kinds
 * @returns {ConstraintTexts}
 */
export function editText(state, text, kinds) {
  const kind = kindOf(state, kinds)?.id ?? state.kind;
  return { kind, texts: { ...state.texts, [kind]: text }, carried: false };
}

/**
 * The text that a kind has had comes back. A kind without one begins with its default, except that
 * a carried text goes along: where it comes from, choosing a kind replaced only a text that was
 * blank or the old kind's default.
 * @param {ConstraintTexts} state
 * @param {string} next
 * @param {ConstraintKind[]} kinds
 * @returns {ConstraintTexts}
 */
export function chooseKind(state, next, kinds) {
  const text = textOf(state, kinds);
  const own = isBlank(state.texts[next]) ? undefined : state.texts[next];
  const along = state.carried && !isBlank(text) && text !== kindOf(state, kinds)?.default ? text : undefined;
  const fresh = kinds.find(({ id }) => id === next)?.default ?? "";
  return { ...state, kind: next, texts: { ...state.texts, [next]: own ?? along ?? fresh } };
}

/**
 * What a reload finds. `seedText` is the one text of the other program's storage, which may have
 * changed it since.
 * @param {string | null} seedKind
 * @param {string | null} seedText
 * @param {Record<string, unknown>} texts
 * @returns {ConstraintTexts}
 */
export function restoreTexts(seedKind, seedText, texts) {
  const kind = seedKind || "multiple_choice";
  const own = /** @type {Record<string, string>} */ (Object.fromEntries(Object.entries(texts).filter(([, text]) => typeof text === "string")));
  const carried = seedText !== null && seedText !== own[kind];
  return { kind, texts: carried ? { ...own, [kind]: seedText } : own, carried };
}

/** @param {string | undefined} text */
function isBlank(text) {
  return text === undefined || text.trim() === "";
}
