// Numbers and names as people read them.

const MINUS = "\u2212";

/**
 * A probability. Three decimals are enough for bars, but a small one must not read as zero.
 * @param {number} p
 */
export function formatProbability(p) {
  if (!Number.isFinite(p)) return "?";
  if (p <= 0) return "0";
  if (p >= 0.001) return p.toFixed(3);
  return formatScientific(p);
}

/**
 * 0.000012 as 1.2e-5.
 * @param {number} value
 */
export function formatScientific(value) {
  return value.toExponential(1).replace("e+", "e");
}

/** A round probability at the end of an axis, without zeros that say nothing. @param {number} p */
export function formatEnd(p) {
  return p > 0 && p < 0.001 ? formatScientific(p).replace(".0", "") : String(p);
}

/**
 * A probability with all the digits that mean something, for the detail card.
 * @param {number} p
 */
export function formatProbabilityLong(p) {
  if (!Number.isFinite(p)) return "?";
  if (p <= 0) return "0";
  if (p >= 0.001) return p.toFixed(6);
  return p.toExponential(4).replace("e+", "e");
}

/**
 * A signed number with a real minus sign.
 * @param {number} value
 * @param {number} decimals
 */
export function formatSigned(value, decimals = 3) {
  if (value === -Infinity) return `${MINUS}∞`;
  if (!Number.isFinite(value)) return "?";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/**
 * How much a probability rises or falls.
 * @param {number} change
 */
export function formatChange(change) {
  return change === 0 ? "0" : `${change < 0 ? MINUS : "+"}${formatProbability(Math.abs(change))}`;
}

/**
 * A whole number, with commas between thousands. Not by `Intl`, whose first use takes 17 ms of a first visit.
 * @param {number} value
 */
export function formatCount(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/**
 * A probability as a part of a hundred, for masses that may be all or next to nothing. Where a hundred is too
 * few to say it with, as odds.
 * @param {number} p
 */
export function formatMass(p) {
  const percent = p * 100;
  if (!Number.isFinite(p)) return "?";
  if (p <= 0) return "0 %";
  if (p >= 1) return "100 %";
  if (percent >= 99.95) return "over 99.9 %";
  if (percent >= 10) return `${percent.toFixed(1)} %`;
  if (p >= 0.9999e-4) return `${percent.toFixed(Math.max(1, 1 - Math.floor(Math.log10(percent * 1.0001))))} %`;
  return formatOdds(Math.log(p));
}

const LARGE = /** @type {const} */ ([[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]]);

/**
 * A probability as odds: 0.2 is 1 in 5.
 * @param {number} logP its natural logarithm
 */
export function formatOdds(logP) {
  const times = Math.exp(-logP);
  if (times < 9.95) return `1 in ${Number(times.toFixed(1))}`;
  if (times < 1e4) return `1 in ${formatCount(Math.round(times))}`;
  // More digits than two would only be read, not understood.
  const rounded = Number(times.toPrecision(2));
  const [unit, name] = LARGE.find(([size]) => rounded >= size) ?? [1, ""];
  if (rounded < 1e15) return `1 in ${formatCount(rounded / unit)}${name && ` ${name}`}`;
  // Exponents stay readable where the number itself is beyond what a float can hold.
  const exponent = -logP / Math.LN10;
  const whole = Math.floor(exponent + 0.02);
  return `1 in ${Math.max(1, 10 ** (exponent - whole)).toFixed(1)} × 10${raised(whole)}`;
}

/** @param {number} exponent a whole number above zero */
function raised(exponent) {
  return [...String(exponent)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
}

/** @param {number} bits */
export function formatBits(bits) {
  return `${bits.toFixed(2)} bits`;
}

/**
 * Decimal units and two digits or more: enough for a progress bar, and calm while it moves.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  return withUnit(bytes, ["B", "kB", "MB", "GB", "TB"], 2);
}

/**
 * The size of a model as its name would say it: 135 M, 1.24 B.
 * @param {number} count
 */
export function formatParameters(count) {
  return withUnit(count, ["", "k", "M", "B", "T"], 3).trimEnd();
}

/** @param {number} ms */
export function formatMilliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * A duration that is only guessed, in steps that do not count down with every look.
 * @param {number} seconds
 */
export function formatRemaining(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 55) return `about ${Math.round(seconds / 10) * 10} s`;
  if (seconds < 3570) return `about ${Math.max(1, Math.round(seconds / 60))} min`;
  return `about ${Math.round(seconds / 3600)} h`;
}

/** Short names of the stages that can cut a token. */
const STAGE_NAMES = /** @type {Record<string, string>} */ ({
  constraint: "grammar",
  top_p: "top-p",
  top_k: "top-k",
  min_p: "min-p",
});

/** @param {string} stage */
export function stageName(stage) {
  return STAGE_NAMES[stage] ?? stage.replaceAll("_", "-");
}

const STOP_NAMES = /** @type {Record<string, string>} */ ({
  eos_token: "the model ended its answer",
  stop_sequence: "a stop sequence appeared",
});

/** @param {string} reason */
export function stopName(reason) {
  return STOP_NAMES[reason] ?? reason.replaceAll("_", " ");
}

/**
 * @param {number} value
 * @param {string[]} units each a thousand times the one before
 * @param {number} digits
 */
function withUnit(value, units, digits) {
  let [scaled, unit] = [value, 0];
  // What would be rounded up to 1000 is one of the next unit.
  while (scaled >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  const whole = String(Math.round(scaled)).length;
  return `${scaled.toFixed(unit === 0 ? 0 : Math.max(0, digits - whole))} ${units[unit]}`;
}
