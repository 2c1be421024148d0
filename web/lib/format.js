// Numbers and names as people read them.

const MINUS = "\u2212";
const grouped = new Intl.NumberFormat("en-US");

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

/** @param {number} value */
export function formatCount(value) {
  return grouped.format(value);
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** @param {number} bits */
export function formatBits(bits) {
  return `${bits.toFixed(2)} bits`;
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** @param {number} ms */
export function formatMilliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
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
