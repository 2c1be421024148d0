// Which models are offered for what was typed.

/** @import { ModelSuggestion } from "../types/wire" */

/**
 * The models whose id or label holds every word that was typed, those on this machine first.
 * Nothing typed matches everything.
 * @param {readonly ModelSuggestion[]} models
 * @param {string} typed
 */
export function matchSuggestions(models, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = models.filter(({ id, label }) => {
    const text = `${id} ${label}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return [...matches.filter((model) => model.cached), ...matches.filter((model) => !model.cached)];
}
