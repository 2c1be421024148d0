// How a load is going, and the button that ends it.

import { html } from "../html.js";
import { formatBytes, formatRemaining } from "../lib/format.js";
import { cancelLoad } from "../state/actions.js";

/** @import { LoadProgress as Load } from "../types/wire" */

const PHASES = /** @type {Record<string, string>} */ ({
  locating: "Looking for the files",
  downloading: "Downloading",
  verifying: "Checking what was downloaded",
  reading: "Reading the weights",
});

/** Below this share, a guess at the remaining time would change with every look. */
const MEANINGFUL_SHARE = 0.02;

/** @param {{ load: Load, answering: string }} props `answering` is the model that answers meanwhile, or "" */
export function LoadProgress({ load, answering }) {
  return html`
    <div class="progress">
      <div class="progress-head">
        <p>Loading <span class="code">${load.model_id}</span></p>
        <button type="button" class="button button-small" onClick=${() => void cancelLoad()}>Cancel</button>
      </div>
      ${answering && html`<p class="quiet"><span class="code">${answering}</span> goes on answering.</p>`}
      <p class="progress-phase" aria-live="polite">${PHASES[load.phase] ?? load.phase}${load.file && html` <span class="code">${load.file}</span>`}</p>
      ${bar(load)}
      <p class="progress-amount quiet numbers">${amountText(load)}</p>
    </div>
  `;
}

/** How much has come, how fast, and how long the rest will take, as far as each means something. @param {Load} load */
export function amountText({ phase, bytes, total, bytes_per_s }) {
  const parts = [];
  if (total !== null && total > 0) parts.push(`${formatBytes(bytes)} of ${formatBytes(total)}`);
  else if (bytes > 0) parts.push(formatBytes(bytes));
  if (phase !== "downloading" || !bytes_per_s || bytes_per_s < 1) return parts.join(", ");
  parts.push(`${formatBytes(bytes_per_s)}/s`);
  if (total !== null && bytes < total && bytes >= total * MEANINGFUL_SHARE)
    parts.push(`${formatRemaining((total - bytes) / bytes_per_s)} left`);
  return parts.join(", ");
}

/** A share is known only of what is transferred or checked. @param {Load} load */
function bar({ phase, bytes, total }) {
  const known = total !== null && total > 0 && phase !== "locating" && phase !== "reading";
  return html`<progress aria-label="Load progress" max=${known ? total : 1} value=${known ? Math.min(bytes, total) : null}></progress>`;
}
