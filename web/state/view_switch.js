// Which view of the session is on screen.

import { signal } from "@preact/signals";

/** @typedef {"flow" | "text" | "branches"} View */

/** In the order of their tabs. */
export const VIEWS = /** @type {{ id: View, label: string, about: string }[]} */ ([
  { id: "flow", label: "Flow", about: "Text becomes tokens, the model reads them, out comes a distribution" },
  { id: "text", label: "Text", about: "The completion as running text, coloured by how sure the model was" },
  { id: "branches", label: "Branches", about: "All inputs and what became of them" },
]);

export const view = signal(/** @type {View} */ ("flow"));

/** The large editor of the constraint stands in the place of the view. */
export const largeEditor = signal(false);

/** @param {View} id */
export function chooseView(id) {
  view.value = id;
  largeEditor.value = false;
}

/**
 * A stored name of a view; anything else is the first view.
 * @param {string | null} name
 * @returns {View}
 */
export function readView(name) {
  return VIEWS.find((one) => one.id === name)?.id ?? "flow";
}

/**
 * The view that an arrow key in the row of tabs goes to, or null.
 * @param {View} from
 * @param {string} key
 * @returns {View | null}
 */
export function neighbour(from, key) {
  const index = VIEWS.findIndex((one) => one.id === from);
  const last = VIEWS.length - 1;
  const to = { ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last }[key];
  return to === undefined ? null : (VIEWS[to]?.id ?? null);
}
