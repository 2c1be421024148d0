// The texts of the constraint editor: one for each kind, so that looking at another kind loses
// nothing. Pure functions.

/** @import { ConstraintExample, ConstraintKind, ConstraintSpec } from "../types/wire" */
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
  return { ...state, kind, texts: { ...state.texts, [kind]: text }, carried: false };
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
 * An example takes the place of its kind's text, which is kept if somebody wrote it.
 * @param {ConstraintTexts} state
 * @param {Pick<ConstraintExample, "kind" | "schema">} example
 * @param {ConstraintSpec} spec
 * @returns {ConstraintTexts}
 */
export function takeExample(state, { kind, schema }, spec) {
  const before = state.texts[kind];
  const known = [...spec.kinds.map((one) => one.default), ...spec.examples.map((one) => one.schema)];
  const written = before !== undefined && !isBlank(before) && !known.includes(before);
  const replaced = written ? { ...state.replaced, [kind]: before } : state.replaced ?? {};
  return { kind, texts: { ...state.texts, [kind]: schema }, carried: false, replaced };
}

/**
 * The text that an example has taken the place of.
 * @param {ConstraintTexts} state
 * @param {ConstraintSpec} spec
 * @returns {ConstraintTexts}
 */
export function bringBack(state, spec) {
  const { kind } = state;
  const { [kind]: schema, ...rest } = state.replaced ?? {};
  return schema === undefined ? state : takeExample({ ...state, replaced: rest }, { kind, schema }, spec);
}

/**
 * What a reload finds. `seedText` is the one text of the other program's storage, which may have
 * changed it since.
 * @param {string | null} seedKind
 * @param {string | null} seedText
 * @param {Record<string, unknown>} texts
 * @param {Record<string, unknown>} [replaced]
 * @returns {ConstraintTexts}
 */
export function restoreTexts(seedKind, seedText, texts, replaced = {}) {
  const kind = seedKind || "multiple_choice";
  const own = textsOf(texts);
  const carried = seedText !== null && seedText !== own[kind];
  return { kind, texts: carried ? { ...own, [kind]: seedText } : own, carried, replaced: textsOf(replaced) };
}

/** @param {Record<string, unknown>} values @returns {Record<string, string>} */
function textsOf(values) {
  return /** @type {Record<string, string>} */ (Object.fromEntries(Object.entries(values).filter(([, text]) => typeof text === "string")));
}

/** @param {string | undefined} text */
function isBlank(text) {
  return text === undefined || text.trim() === "";
}
