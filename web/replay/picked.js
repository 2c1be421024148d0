// The part of an exported page that says what a token was picked from. Like the player it stands alone.

/** @import { TokenNode } from "../types/app" */

/**
 * @typedef {Object} Tools
 * @property {(name: string, className: string, text: string) => HTMLElement} element
 * @property {(id: string) => HTMLElement} byId
 * @property {(display: string) => string} visible
 */

/**
 * @param {Tools} tools
 * @returns {(node: TokenNode | undefined, place: number, written: boolean) => void} `written` is false while the token is still to come
 */
export function picked({ element, byId, visible }) {
  const ORIGINS = /** @type {Record<string, string>} */ ({
    sampled: "drawn by chance", greedy: "the likeliest, taken by rule", "forced:token": "forced as a token", "forced:text": "forced as text",
    "forced:overlay": "forced as an alternative", "forced:past_end": "the end, forced to go on",
  });
  return (node, place, written) => {
    byId("pick").replaceChildren(node ? `Token ${place + 1}: ` : "No token", element("span", "", node ? (written ? visible(node.token.display) : "?") : ""));
    byId("how").textContent = node ? `${ORIGINS[node.origin] ?? node.origin}${node.seed_used === null ? "" : `, seed ${node.seed_used}`} · ${settingsOf(node)}` : "This input has no completion.";
    const { dist } = node ?? {};
    byId("none").hidden = !node || !!dist;
    byId("table").hidden = byId("bars").hidden = !dist;
    if (!node || !dist) return;
    const own = !written || dist.tokens.some((row) => row.id === node.token.id) ? [] : dist.probes.filter((row) => row.id === node.token.id);
    const rows = [...dist.tokens, ...own];
    const largest = Math.max(dist.other_p_final, dist.other_p_base, ...rows.map((row) => Math.max(row.p_final, row.p_base)));
    const top = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((end) => end >= largest) ?? 1;
    byId("top").textContent = String(top);
    let cutBy = /** @type {string | null} */ (null);
    byId("rows").replaceChildren(...rows.flatMap((row) => {
      const stage = row.kept ? null : (row.cut_by ?? "a stage");
      const rule = stage !== null && stage !== cutBy ? [ruleOf(stage)] : [];
      cutBy = stage;
      return [...rule, rowOf(visible(row.display), row.p_final, row.p_base, top, [written && row.id === node.token.id ? "chosen" : "", row.kept ? "" : "cut"])];
    }), rowOf("all others", dist.other_p_final, dist.other_p_base, top, ["others"]));
  };

  /** Over the first of the rows that one stage cut. @param {string} stage */
  function ruleOf(stage) {
    const [row, cell] = [element("tr", "rule", ""), element("td", "", `cut by ${stage === "constraint" ? "the grammar" : stage.replaceAll("_", "-")}`)];
    cell.setAttribute("colspan", "4");
    row.append(cell);
    return row;
  }

  /**
   * @param {string} name
   * @param {number} final
   * @param {number} raw
   * @param {number} top
   * @param {string[]} classes
   */
  function rowOf(name, final, raw, top, classes) {
    const row = element("tr", classes.join(" ").trim(), "");
    const track = element("span", "track", "");
    for (const [kind, share] of /** @type {[string, number][]} */ ([["raw", raw], ["final", final]])) {
      const bar = element("span", kind, "");
      bar.style.width = `${Math.max(0, Math.min(1, share / top)) * 100}%`;
      track.append(bar);
    }
    const bars = element("td", "", "");
    bars.append(track);
    const head = element("th", "", name);
    head.setAttribute("scope", "row");
    if (classes[0] === "chosen") head.append(element("span", "mark", " ← taken"));
    row.append(head, bars, element("td", "number", probability(final)), element("td", "number", probability(raw)));
    return row;
  }

  /** @param {TokenNode} node */
  function settingsOf({ params }) {
    const penalties = /** @type {[string, number, number][]} */ ([["repetition", params.repetition_penalty, 1], ["presence", params.presence_penalty, 0], ["frequency", params.frequency_penalty, 0]]);
    const parts = params.greedy ? [] : [`temperature ${params.temperature}`, `top-p ${params.top_p}`];
    return [...parts, ...penalties.filter(([, value, off]) => value !== off).map(([name, value]) => `${name} ${value}`)].join(", ") || "no penalties";
  }

  /** @param {number} p */
  function probability(p) {
    return p <= 0 ? "0" : p >= 0.001 ? p.toFixed(3) : p.toExponential(1);
  }
}
