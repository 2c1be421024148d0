// Fetches extras.js when it is first asked for. The server joins modules into one script, in which import() has
// no place, so this one comes as a script of its own and hands itself over by an event.

/** @import { extras } from "../extras.js" */

let loading = /** @type {Promise<typeof extras> | null} */ (null);

/** @returns {Promise<typeof extras>} */
export function fetchExtras() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** @returns {Promise<typeof extras>} */
function load() {
  return new Promise((wake, fail) => {
    const script = Object.assign(document.createElement("script"), { type: "module", src: "/extras.js" });
    document.addEventListener("tokenscope-extras", (event) => wake(/** @type {CustomEvent} */ (event).detail), { once: true });
    script.addEventListener("error", () => {
      script.remove();
      fail(new Error("The Tokenscope server does not answer."));
    });
    document.head.append(script);
  });
}
