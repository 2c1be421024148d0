// Options of an attribution: which of them count, and which values they may have. The catalog says
// both. Pure functions.

/** @import { AttributionOptions, OptionSpec } from "../types/wire" */

/**
 * Heads with nothing to look for look at the first token, whatever the text. The page leaves it out of what it
 * shows and says how much that was. So it asks for the whole, and can show the first token without asking again.
 */
export const LEAVE_OUT_FIRST = "mask_sink";

/** @param {OptionSpec} spec */
export function defaultOf(spec) {
  return spec.id === LEAVE_OUT_FIRST ? true : spec.default;
}

/**
 * Whether the first token is left out of what is shown of a method.
 * @param {readonly OptionSpec[]} specs
 * @param {string} method
 * @param {AttributionOptions} chosen
 */
export function leavesOutFirst(specs, method, chosen) {
  return optionsOf(specs, method).some((spec) => spec.id === LEAVE_OUT_FIRST && optionValue(spec, chosen) === true);
}

/**
 * The options that have an effect on a method.
 * @param {readonly OptionSpec[]} specs
 * @param {string} method
 */
export function optionsOf(specs, method) {
  return specs.filter((spec) => spec.methods.includes(method));
}

/**
 * The value that counts: the chosen one if this server knows it, else the page's default.
 * @param {OptionSpec} spec
 * @param {AttributionOptions} chosen
 * @returns {unknown}
 */
export function optionValue(spec, chosen) {
  const value = /** @type {Record<string, unknown>} */ (chosen)[spec.id];
  return fits(spec, value) ? value : defaultOf(spec);
}

/**
 * What goes into a request: values other than the server's default, of options that have an effect on its
 * answer. Two settings that mean the same are the same request.
 * @param {readonly OptionSpec[]} specs
 * @param {string} method
 * @param {AttributionOptions} chosen
 * @returns {AttributionOptions}
 */
export function effectiveOptions(specs, method, chosen) {
  const asked = optionsOf(specs, method).filter((spec) => spec.id !== LEAVE_OUT_FIRST);
  const values = asked.map((spec) => [spec.id, optionValue(spec, chosen), spec.default]);
  return Object.fromEntries(values.filter(([, value, fallback]) => value !== fallback));
}

/**
 * A token is no setting: it is chosen where the candidates are.
 * @param {OptionSpec} spec
 * @param {unknown} value
 */
function fits({ kind, choices, min, max }, value) {
  if (kind === "switch") return typeof value === "boolean";
  if (kind === "choice") return choices.includes(String(value));
  if (kind === "integer") return isWhole(value) && value >= (min ?? value) && value <= (max ?? value);
  if (kind === "places") return Array.isArray(value) && value.every((place) => isWhole(place) && place >= 0);
  return false;
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isWhole(value) {
  return Number.isSafeInteger(value);
}
