// Pointing at a token, or going to it by keyboard, marks it wherever it is shown: in the text, as a pill, in
// the stack. An attribute is set on those few elements, so that nothing is drawn again.

/** Tokens have their place as an attribute: in the prompt, or in the completion. */
const TOKENS = "[data-prompt], [data-index]";

let marked = /** @type {Element[]} */ ([]);
let focused = /** @type {Element | null} */ (null);

/** @param {Document} document */
export function linkTokens(document) {
  const tokenAt = (/** @type {EventTarget | null} */ target) => (target instanceof Element ? target.closest(TOKENS) : null);
  const mark = (/** @type {Element | null} */ token) => {
    for (const one of marked) one.removeAttribute("data-linked");
    marked = token ? [...document.querySelectorAll(selectorOf(token))] : [];
    for (const one of marked) one.setAttribute("data-linked", "");
  };
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "mouse") mark(tokenAt(target) ?? focused);
  });
  document.addEventListener("pointerout", ({ relatedTarget }) => {
    if (!relatedTarget) mark(focused);
  });
  document.addEventListener("focusin", ({ target }) => {
    const token = tokenAt(target);
    focused = token?.matches(":focus-visible") ? token : null;
    mark(focused);
  });
  document.addEventListener("focusout", () => {
    focused = null;
    mark(null);
  });
}

/** @param {Element} token */
function selectorOf(token) {
  const name = token.hasAttribute("data-index") ? "data-index" : "data-prompt";
  return `[${name}="${token.getAttribute(name)}"]`;
}
