// The program inside an exported page. It is written into the page as it stands here, so it may use
// nothing from outside this function but what it is given. Whatever comes from the session is set as text,
// never as HTML.

/** @import { Branch, Session, TokenNode } from "../types/app" */
/** @import { Looks, Word } from "./page.js" */
/** @import { picked } from "./picked.js" */

/**
 * Shows the session that is in the page's data.
 * @param {Document} document
 * @param {typeof picked} picker
 */
export function play(document, picker) {
  /** @type {{ nodes: TokenNode[], branches: Branch[], active: Session["active"] }} */
  const { nodes, branches, active } = JSON.parse(byId("session").textContent ?? "");
  /** @type {Looks} */
  const looks = JSON.parse(byId("looks").textContent ?? "");
  const showPicked = picker({ element, byId, visible });
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  /** @type {TokenNode[]} */
  let path = [];
  /** How many tokens are written. */
  let position = 0;
  /** @type {HTMLElement[]} */
  let words = [];
  /** @type {Word[]} */
  let texts = [];
  /** The measure that tints, by its place; beyond the last there is no tint. */
  let measure = 0;
  let timer = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined);

  choices("branches", branches.map((branch) => branch.name), active, open);
  byId("branches").hidden = branches.length < 2;
  choices("measures", [...looks.measures.map((one) => one.label), "Off"], 0, tintBy);
  byId("scale").replaceChildren(...looks.shades.map((_, level) => shade(element("span", "", ""), level)));
  for (const input of document.querySelectorAll("[name=theme]"))
    input.addEventListener("change", () => (document.documentElement.dataset["theme"] = /** @type {HTMLInputElement} */ (input).value));
  byId("back").addEventListener("click", () => goTo(position - 1));
  byId("forward").addEventListener("click", () => goTo(position + 1));
  byId("start").addEventListener("click", () => goTo(0));
  byId("end").addEventListener("click", () => goTo(path.length));
  byId("play").addEventListener("click", toggle);
  byId("speed").addEventListener("change", () => timer !== undefined && run());
  byId("place").addEventListener("input", (event) => goTo(Number(/** @type {HTMLInputElement} */ (event.target).value)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const on = (/** @type {string} */ selector) => /** @type {Element} */ (event.target).closest?.(selector);
    if (on("select, [type=radio]") || (event.key === " " && on("button"))) return;
    const to = { ArrowLeft: position - 1, ArrowRight: position + 1, Home: 0, End: path.length }[event.key];
    if (event.key !== " " && to === undefined) return;
    event.preventDefault();
    if (to === undefined) toggle();
    else goTo(to);
  });
  open(active);

  /** @param {number} index */
  function open(index) {
    const branch = branches[index];
    if (!branch) return;
    path = [];
    for (let node = nodeOf.get(branch.leaf ?? -1); node; node = nodeOf.get(node.parent ?? -1)) path.unshift(node);
    texts = looks.words[index] ?? [];
    document.title = `${branch.prompt.trim().slice(0, 60) || branch.name} – Tokenscope`;
    byId("model").textContent = path.at(-1)?.model ?? "";
    byId("system").hidden = !branch.use_template || branch.system === "";
    byId("system-text").textContent = branch.system;
    byId("prompt-text").textContent = branch.prompt;
    byId("prompt-name").hidden = byId("prompt-text").hidden = branch.prompt === "";
    words = path.map((node, place) => {
      const word = element("span", `word${node.token.special ? " special" : ""}${node.origin.startsWith("forced") ? " forced" : ""}`, (texts[place]?.text ?? node.token.text).replaceAll("\n", "⏎\n"));
      word.setAttribute("role", "button");
      word.setAttribute("aria-label", visible(node.token.display));
      for (const cause of ["mouseenter", "focus", "click"]) word.addEventListener(cause, () => show(place));
      word.addEventListener("mouseleave", () => show(position - 1));
      return word;
    });
    byId("words").replaceChildren(...words);
    byId("place").setAttribute("max", String(path.length));
    tintBy(measure);
    goTo(path.length);
  }

  /** @param {number} to */
  function goTo(to) {
    stop();
    write(to);
  }

  /** @param {number} to */
  function write(to) {
    position = Math.max(0, Math.min(path.length, to));
    words.forEach((word, place) => (word.hidden = place >= position));
    byId("count").textContent = `${position} of ${path.length} tokens`;
    /** @type {HTMLInputElement} */ (byId("place")).value = String(position);
    for (const id of ["back", "start"]) byId(id).toggleAttribute("disabled", position === 0);
    for (const id of ["forward", "end"]) byId(id).toggleAttribute("disabled", position === path.length);
    byId("play").toggleAttribute("disabled", path.length === 0);
    show(position - 1);
    words[position - 1]?.scrollIntoView?.({ block: "nearest" });
  }

  function toggle() {
    if (timer !== undefined) return stop();
    if (position === path.length) write(0);
    run();
  }

  function run() {
    stop();
    byId("play").textContent = "Pause";
    // A status that changes eight times a second is too fast to read, and read aloud it never ends.
    byId("count").setAttribute("aria-live", "off");
    timer = setInterval(() => {
      write(position + 1);
      if (position === path.length) stop();
    }, Number(/** @type {HTMLSelectElement} */ (byId("speed")).value) || 250);
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    byId("play").textContent = "Play";
    byId("count").removeAttribute("aria-live");
  }

  /** @param {number} index */
  function tintBy(index) {
    measure = index;
    const one = looks.measures[index];
    byId("legend").hidden = !one;
    byId("legend").title = one?.about ?? "";
    byId("low").textContent = one?.low ?? "";
    byId("high").textContent = one?.high ?? "";
    words.forEach((word, place) => shade(word, texts[place]?.levels[index] ?? 0));
  }

  /**
   * @param {HTMLElement} one
   * @param {number} level
   */
  function shade(one, level) {
    const special = one.classList.contains("special");
    one.style.background = special ? "" : `color-mix(in srgb, var(--blue) ${looks.shades[level]}%, transparent)`;
    one.style.borderBottom = special || !looks.lines[level] ? "" : `${looks.lines[level]}px solid var(--blue)`;
    return one;
  }

  /**
   * What the token in this place was picked from; before the first token is written, what comes first.
   * @param {number} place
   */
  function show(place) {
    const seen = Math.max(0, place);
    const written = place >= 0;
    words.forEach((word, index) => {
      word.classList.toggle("shown", index === place);
      word.tabIndex = index === place ? 0 : -1;
    });
    showPicked(path[seen], seen, written);
  }

  /**
   * A choice of one, in an element of the page.
   * @param {string} id
   * @param {string[]} names
   * @param {number} first
   * @param {(index: number) => void} choose
   */
  function choices(id, names, first, choose) {
    byId(id).replaceChildren(...names.map((name, index) => {
      const label = element("label", "", name);
      const input = /** @type {HTMLInputElement} */ (element("input", "", ""));
      for (const [key, value] of [["type", "radio"], ["name", id]]) input.setAttribute(String(key), String(value));
      input.checked = index === first;
      input.addEventListener("change", () => choose(index));
      label.prepend(input);
      return label;
    }));
  }

  /** Many fonts lack the sign that a server writes for a space. @param {string} display */
  function visible(display) {
    return display.replaceAll("␠", "␣");
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
