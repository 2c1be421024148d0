// The program inside an exported page. It is written into the page as it stands here, so it may use
// nothing from outside this function. Whatever comes from the session is set as text, never as HTML.

/** @import { Branch, Session, TokenNode } from "../types/app" */

/**
 * Shows the session that is in the page's data.
 * @param {Document} document
 */
export function play(document) {
  /** @type {{ nodes: TokenNode[], branches: Branch[], active: Session["active"] }} */
  const { nodes, branches, active } = JSON.parse(byId("session").textContent ?? "");
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const ORIGINS = /** @type {Record<string, string>} */ ({
    sampled: "drawn by chance", greedy: "the likeliest, taken by rule", "forced:token": "forced as a token", "forced:text": "forced as text",
    "forced:overlay": "forced as an alternative",
  });
  /** @type {TokenNode[]} */
  let path = [];
  /** How many tokens are written. */
  let position = 0;
  /** @type {HTMLElement[]} */
  let words = [];

  const tabs = byId("branches");
  branches.forEach((branch, index) => {
    const tab = element("button", "tab", branch.name);
    tab.setAttribute("type", "button");
    tab.addEventListener("click", () => open(index));
    tabs.append(tab);
  });
  tabs.hidden = branches.length < 2;
  byId("back").addEventListener("click", () => goTo(position - 1));
  byId("forward").addEventListener("click", () => goTo(position + 1));
  byId("start").addEventListener("click", () => goTo(0));
  byId("end").addEventListener("click", () => goTo(path.length));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = { ArrowLeft: position - 1, ArrowRight: position + 1, Home: 0, End: path.length }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
  });
  open(active);

  /** @param {number} index */
  function open(index) {
    const branch = branches[index];
    if (!branch) return;
    path = [];
    for (let node = nodeOf.get(branch.leaf ?? -1); node; node = nodeOf.get(node.parent ?? -1)) path.unshift(node);
    [...tabs.children].forEach((tab, place) => tab.setAttribute("aria-pressed", String(place === index)));
    byId("system").hidden = !branch.use_template || branch.system === "";
    byId("system-text").textContent = branch.system;
    byId("prompt-text").textContent = branch.prompt;
    words = path.map((node, place) => {
      const word = element("button", `word${node.token.special ? " special" : ""}${node.origin.startsWith("forced") ? " forced" : ""}`, visible(node.token.display));
      word.setAttribute("type", "button");
      for (const cause of ["mouseenter", "focus", "click"]) word.addEventListener(cause, () => show(place));
      word.addEventListener("mouseleave", () => show(position < path.length ? position : position - 1));
      return word;
    });
    byId("words").replaceChildren(...words);
    goTo(path.length);
  }

  /** @param {number} to */
  function goTo(to) {
    position = Math.max(0, Math.min(path.length, to));
    words.forEach((word, place) => (word.hidden = place >= position));
    byId("count").textContent = `${position} of ${path.length} tokens`;
    for (const id of ["back", "start"]) byId(id).toggleAttribute("disabled", position === 0);
    for (const id of ["forward", "end"]) byId(id).toggleAttribute("disabled", position === path.length);
    show(position < path.length ? position : position - 1);
  }

  /**
   * What the token in this place was picked from.
   * @param {number} place
   */
  function show(place) {
    const node = path[place];
    words.forEach((word, index) => word.classList.toggle("shown", index === place));
    byId("pick").textContent = node ? `Token ${place + 1}: ${visible(node.token.display)}` : "No token";
    byId("how").textContent = node ? `${ORIGINS[node.origin] ?? node.origin}${node.seed_used === null ? "" : `, seed ${node.seed_used}`} · ${settingsOf(node)}` : "This branch has no completion.";
    const { dist } = node ?? {};
    byId("none").hidden = !node || !!dist;
    byId("table").hidden = !dist;
    if (!node || !dist) return;
    const own = dist.tokens.some((row) => row.id === node.token.id) ? [] : dist.probes.filter((row) => row.id === node.token.id);
    const rows = [...dist.tokens, ...own].map((row) =>
      rowOf(visible(row.display), row.p_final, row.p_base, [row.id === node.token.id ? "chosen" : "", row.kept ? "" : "cut"], row.kept ? "" : `cut${row.cut_by ? ` by ${row.cut_by.replace("_", "-")}` : ""}`));
    byId("rows").replaceChildren(...rows, rowOf("all others", dist.other_p_final, dist.other_p_base, ["others"], ""));
  }

  /**
   * @param {string} name
   * @param {number} final
   * @param {number} raw
   * @param {string[]} classes
   * @param {string} note
   */
  function rowOf(name, final, raw, classes, note) {
    const row = element("tr", classes.join(" ").trim(), "");
    const track = element("span", "track", "");
    for (const [kind, share] of /** @type {[string, number][]} */ ([["raw", raw], ["final", final]])) {
      const bar = element("span", kind, "");
      bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
      track.append(bar);
    }
    const bars = element("td", "bars", "");
    bars.append(track, element("span", "note", note));
    const head = element("th", "", name);
    head.setAttribute("scope", "row");
    if (classes[0] === "chosen") head.append(element("span", "mark", " ← taken"));
    row.append(head, bars, element("td", "number", probability(final)), element("td", "number", probability(raw)));
    return row;
  }

  /** @param {TokenNode} node */
  function settingsOf({ params, model }) {
    const chance = params.greedy ? "greedy" : `temperature ${params.temperature}, top-p ${params.top_p}`;
    return `${chance}, repetition ${params.repetition_penalty}, presence ${params.presence_penalty}, frequency ${params.frequency_penalty} · ${model}`;
  }

  /** Many fonts lack the sign that a server writes for a space. @param {string} display */
  function visible(display) {
    return display.replaceAll("␠", "␣");
  }

  /** @param {number} p */
  function probability(p) {
    return p <= 0 ? "0" : p >= 0.001 ? p.toFixed(3) : p.toExponential(1);
  }

  /**
   * @param {string} name
   * @param {string} className
   * @param {string} text
   */
  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  }

  /** @param {string} id */
  function byId(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`The page has no ${id}.`);
    return found;
  }
}
