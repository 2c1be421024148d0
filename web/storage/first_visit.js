// Whether there can be a kept session to wait for. A database takes 40 ms to be made, which is when a first
// visit could ask for its first distribution.

/** Says that a session has been kept, for those who have changed no setting. */
const KEPT_KEY = "tokenscope.kept";

/**
 * Nobody has been here who left no settings, no session and no tab that is being reloaded.
 * @param {Pick<Window, "localStorage" | "sessionStorage">} browser
 */
export function isFirstVisit(browser) {
  try {
    return [browser.localStorage, browser.sessionStorage].every((storage) => !Object.keys(storage).some((key) => /^(tokenscope|llmDemo)\./.test(key)));
  } catch {
    // Forbidden storage tells nothing.
    return false;
  }
}

/** @param {Pick<Window, "localStorage">} browser */
export function noteKept(browser) {
  try {
    if (browser.localStorage.getItem(KEPT_KEY) === null) browser.localStorage.setItem(KEPT_KEY, "1");
  } catch {
    // The session is found without it, a moment later.
  }
}
