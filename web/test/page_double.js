// A document without a browser: enough for Preact to render into, not enough to lay out.

import { parseHTML } from "linkedom";

export function installPage() {
  const { document, window } = parseHTML('<!doctype html><html><body><div id="app"></div></body></html>');
  const nothing = () => {};
  Object.assign(globalThis, {
    document,
    window,
    Element: window.Element,
    Event: window.Event,
    requestAnimationFrame: (/** @type {() => void} */ draw) => setTimeout(draw, 0),
    cancelAnimationFrame: (/** @type {number} */ timer) => clearTimeout(timer),
    innerWidth: 1280,
    innerHeight: 720,
    ResizeObserver: class {
      observe = nothing;
      disconnect = nothing;
    },
  });
  const rect = () => ({ left: 0, top: 0, right: 0, bottom: 0, width: 0, height: 0 });
  Object.assign(window.HTMLElement.prototype, {
    getBoundingClientRect: rect,
    /** @this {HTMLElement} */
    showModal() {
      this.setAttribute("open", "");
    },
    /** @this {HTMLElement} */
    close() {
      this.removeAttribute("open");
      this.dispatchEvent(new Event("close"));
    },
  });
  const root = /** @type {HTMLElement} */ (/** @type {unknown} */ (document.getElementById("app")));
  return { root, document: /** @type {Document} */ (/** @type {unknown} */ (document)) };
}

/** Lets Preact render what changed. */
export function rendered() {
  return new Promise((wake) => setTimeout(wake, 20));
}
