// Sampling parameters of a branch: presets, edits, and their form in a request. Pure functions.

/** @import { Preset, SamplingParams } from "../types/wire" */
/** @import { Params } from "../types/app" */

/** What a first visit starts with: the preset "balanced". */
export const DEFAULT_PARAMS = /** @type {Params} */ ({
  greedy: false,
  temperature: 0.7,
  top_p: 0.8,
  repetition_penalty: 1.05,
  presence_penalty: 0,
  frequency_penalty: 0,
  seed: null,
  stop_sequences: [],
  nucleus_rule: "standard",
  penalty_scope: "all",
  preset: "balanced",
});

/** What presets set. No preset sets the seed, stop sequences or rules. */
const OF_PRESETS = new Set(["temperature", "top_p", "repetition_penalty", "presence_penalty", "frequency_penalty"]);

/**
 * An edit of what presets set makes the values custom ones. Greedy stays greedy: the knobs it does not
 * use may be prepared without leaving it.
 * @param {Params} params
 * @param {Partial<Omit<Params, "preset" | "greedy">>} change
 * @returns {Params}
 */
export function editParams(params, change) {
  const own = !params.greedy && Object.keys(change).some((name) => OF_PRESETS.has(name));
  return { ...params, ...change, preset: own ? "custom" : params.preset };
}

/**
 * @param {Params} params
 * @param {Preset} preset
 * @returns {Params}
 */
export function applyPreset(params, preset) {
  if (preset.id === "custom") return { ...params, greedy: false, preset: "custom" };
  return {
    ...params,
    greedy: preset.greedy,
    temperature: preset.temperature,
    top_p: preset.top_p,
    repetition_penalty: preset.repetition_penalty,
    presence_penalty: preset.presence_penalty,
    frequency_penalty: preset.frequency_penalty,
    preset: preset.id,
  };
}

/**
 * @param {Params} params
 * @returns {SamplingParams}
 */
export function toWire(params) {
  const { preset: _preset, ...wire } = params;
  return wire;
}

/**
 * @param {string[]} a
 * @param {string[]} b
 */
export function sameTexts(a, b) {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
