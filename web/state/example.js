// The text that a first visit begins with: an example of the model that answers. Until the user changes it,
// another model brings its own.

import { TYPING } from "./edits.js";
import { changeBranch } from "./session.js";
import * as store from "./store.js";

/** @import { ModelSuggestion } from "../types/wire" */
/** @import { Branch, History, Session } from "../types/app" */

/** @typedef {Pick<Branch, "prompt" | "use_template">} Example */

/** @type {Example} */
const USUAL = { prompt: store.DEFAULT_PROMPT, use_template: true };

/**
 * Shows the example of a model, unless people have a text of their own.
 * @param {string} model "" while it is not known which one will answer
 */
export function showExample(model) {
  // Any text is better than none, but not than the one that is there.
  if (model === "" && store.branch.value.prompt !== "") return;
  const models = store.catalog.value?.models ?? [];
  const example = exampleOf(model, models);
  const { prompt, use_template } = store.branch.value;
  if (prompt === example.prompt && use_template === example.use_template) return;
  if (isUntouched(store.session.value, store.history.value, models)) store.session.value = changeBranch(store.session.value, example);
}

/**
 * @param {string} model
 * @param {readonly ModelSuggestion[]} models
 * @returns {Example}
 */
export function exampleOf(model, models) {
  const example = models.find(({ id }) => id === model)?.example;
  return example ? { prompt: example.prompt, use_template: example.use_chat_template } : USUAL;
}

/**
 * Whether the session is one example without a completion. A user who has typed, even the same text, or who has
 * brought it back by undo, is at work with it.
 * @param {Session} session
 * @param {History} history
 * @param {readonly ModelSuggestion[]} models
 */
export function isUntouched({ nodes, branches }, { past, future }, models) {
  const [first, second] = branches;
  if (!first || second || Object.keys(nodes).length > 0 || first.system !== store.DEFAULT_SYSTEM) return false;
  const texts = ["", USUAL.prompt, ...models.map(({ example }) => example?.prompt)];
  const isSame = (/** @type {Branch | undefined} */ one) => one?.id === first.id && one.prompt === first.prompt && one.system === first.system && one.use_template === first.use_template;
  return texts.includes(first.prompt) && [...past, ...future].every(({ label, branches }) => label !== TYPING && branches.length === 1 && isSame(branches[0]));
}
