// Lists of layers or heads as people type them: "0-3, 7".

/** No model has more layers or heads; a longer list is a slip of the finger. */
const MOST = 1024;

/**
 * The places in order, each once; null if nothing was typed, which means all of them; undefined
 * while the text cannot be read.
 * @param {string} text
 * @returns {number[] | null | undefined}
 */
export function parsePlaces(text) {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  if (parts.length === 0) return text.trim() === "" ? null : undefined;
  const places = new Set(/** @type {number[]} */ ([]));
  for (const part of parts) {
    const [whole, from = "", to = from] = /^(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (whole === undefined || first > last || last >= MOST) return undefined;
    for (let place = first; place <= last; place += 1) places.add(place);
  }
  return [...places].sort((a, b) => a - b);
}

/**
 * The shortest text that parses back to these places.
 * @param {readonly number[] | null} places in order
 */
export function formatPlaces(places) {
  /** @type {[number, number][]} */
  const runs = [];
  for (const place of places ?? []) {
    const run = runs.at(-1);
    if (run && run[1] === place - 1) run[1] = place;
    else runs.push([place, place]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
