// How the legal mass went over the completion, as a small drawing and as a sentence.

import { html } from "../html.js";
import { formatMass, plural } from "../lib/format.js";
import { lowest, sparkline } from "../lib/sparkline.js";

const SIZE = { width: 92, height: 32 };
/** Room for what is drawn at the edges. */
const EDGE = 4;

/** @param {{ history: (number | null)[], anchor: number }} props */
export function MassLine({ history, anchor }) {
  if (history.length < 2) return null;
  const { lines, dots, last, decades } = sparkline(history, SIZE);
  const box = `${-EDGE} ${-EDGE} ${SIZE.width + 2 * EDGE} ${SIZE.height + 2 * EDGE}`;
  return html`
    <figure class="mass-line" title="The legal mass at each token, on a logarithmic scale">
      <svg viewBox=${box} role="img" aria-label=${sentence(history, anchor)}>
        <path class="mass-edge" d=${`M0 0H${SIZE.width}M0 ${SIZE.height}H${SIZE.width}`} />
        ${lines.map((d) => html`<path key=${d} class="mass-path" d=${d} />`)}
        ${dots.map(({ x, y }) => html`<circle key=${x} class="mass-dot" cx=${x} cy=${y} r="1.5" />`)}
        ${last && html`<circle class="mass-dot" cx=${last.x} cy=${last.y} r="3" />`}
      </svg>
      <figcaption aria-hidden="true"><span>100 %</span><span>${formatMass(10 ** -decades)}</span></figcaption>
    </figure>
  `;
}

/**
 * @param {(number | null)[]} history
 * @param {number} anchor
 */
function sentence(history, anchor) {
  const low = lowest(history);
  const [first, now] = [history[0], history.at(-1)];
  const say = (/** @type {number | null | undefined} */ value) => (value == null ? "unknown" : formatMass(value));
  const least = low ? `, lowest ${formatMass(low.value)} at token ${anchor + low.index + 1}` : "";
  return `Legal mass over ${plural(history.length, "position")}: ${say(first)} at first${least}, ${say(now)} now.`;
}
