// Checks of values that came from outside. A shape takes a value and the name of its place, and
// returns a fresh value of that shape, without whatever else there was; or it says what is wrong.

/**
 * @template T
 * @typedef {(value: unknown, place: string) => T} Shape
 */

export class ShapeError extends Error {}

/**
 * @param {string} place
 * @param {string} wanted
 * @param {unknown} value
 * @returns {never}
 */
export function refuse(place, wanted, value) {
  throw new ShapeError(`${place} should be ${wanted}, and is ${show(value)}.`);
}

/**
 * @param {string} place
 * @param {number} length
 * @param {number} most
 * @param {string} what
 * @returns {never}
 */
function tooLong(place, length, most, what) {
  throw new ShapeError(`${place} has ${length} ${what}, and may have ${most} at most.`);
}

/**
 * @param {number} most characters
 * @returns {Shape<string>}
 */
export function text(most) {
  return (value, place) => {
    if (typeof value !== "string") return refuse(place, "a text", value);
    return value.length <= most ? value : tooLong(place, value.length, most, "characters");
  };
}

/** @type {Shape<number>} */
export const number = (value, place) => (typeof value === "number" && Number.isFinite(value) ? value : refuse(place, "a number", value));

/**
 * @param {number} low
 * @param {number} [high]
 * @returns {Shape<number>}
 */
export function whole(low, high = Number.MAX_SAFE_INTEGER) {
  const wanted = high === Number.MAX_SAFE_INTEGER ? `a whole number from ${low} on` : `a whole number from ${low} to ${high}`;
  return (value, place) => (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high ? value : refuse(place, wanted, value));
}

/** @type {Shape<boolean>} */
export const flag = (value, place) => (typeof value === "boolean" ? value : refuse(place, "true or false", value));

/**
 * @template {string | number} T
 * @param {readonly T[]} choices
 * @returns {Shape<T>}
 */
export function oneOf(choices) {
  return (value, place) => choices.find((choice) => choice === value) ?? refuse(place, `one of ${choices.join(", ")}`, value);
}

/**
 * @template T
 * @param {Shape<T>} shape
 * @returns {Shape<T | null>}
 */
export function orNull(shape) {
  return (value, place) => (value === null ? null : shape(value, place));
}

/**
 * A field that older files don't have.
 * @template T
 * @param {Shape<T>} shape
 * @param {T} otherwise
 * @returns {Shape<T>}
 */
export function orElse(shape, otherwise) {
  return (value, place) => (value === undefined ? otherwise : shape(value, place));
}

/**
 * @template T
 * @param {Shape<T>} shape
 * @param {number} most entries
 * @returns {Shape<T[]>}
 */
export function list(shape, most) {
  return (value, place) => {
    if (!Array.isArray(value)) return refuse(place, "a list", value);
    if (value.length > most) return tooLong(place, value.length, most, "entries");
    return value.map((entry, index) => shape(entry, `${place}[${index}]`));
  };
}

/**
 * @template {Record<string, Shape<any>>} F
 * @param {F} fields
 * @returns {Shape<{ [K in keyof F]: ReturnType<F[K]> }>}
 */
export function object(fields) {
  const entries = Object.entries(fields);
  return (value, place) => {
    const given = plain(value, place);
    return /** @type {any} */ (Object.fromEntries(entries.map(([name, shape]) => [name, shape(given[name], place === "" ? name : `${place}.${name}`)])));
  };
}

/**
 * An object with any names.
 * @template T
 * @param {Shape<T>} shape
 * @returns {Shape<Record<string, T>>}
 */
export function record(shape) {
  return (value, place) => Object.fromEntries(Object.entries(plain(value, place)).map(([name, one]) => [name, shape(one, `${place}.${name}`)]));
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {Record<string, unknown>}
 */
function plain(value, place) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? /** @type {Record<string, unknown>} */ (value) : refuse(place || "The file", "an object", value);
}

/** @param {unknown} value */
function show(value) {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const words = JSON.stringify(value);
  return words.length > 40 ? `${words.slice(0, 40)}…` : words;
}
