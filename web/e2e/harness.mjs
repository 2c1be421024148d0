// A check is a test of Playwright that names the items it covers. test/behaviour_table.test.js compares
// these names with the table in README.md, so that none is left out.
//
// A check gets, of Playwright's fixtures and of these, what it names:
//   page     open and ready: a distribution on screen, the tour seen before. The usual one.
//   blank    a page that is not open yet, for checks of a first visit or of what comes before.
//   allow    a complaint that the check causes on purpose: allow(/status of 400/).
// Whatever else the page complains about in the meantime (watch in browser.mjs) fails the check.

import { expect, test as base } from "@playwright/test";
import { assertNoComplaints, openReady, watch } from "./browser.mjs";

/** @import { Page } from "@playwright/test" */

/**
 * @typedef {Object} Own
 * @property {Page} blank
 * @property {(expected: RegExp) => void} allow
 */

export { expect };

/** For `test.use`, `test.describe` and `test.step`; a check itself is made by `check`. */
export const test = (/** @type {typeof base.extend<Own>} */ (base.extend))({
  // For each check, also one that does not name it: someone has to listen.
  allow: [
    async ({ context, baseURL }, use) => {
      const complaints = watch(context, address(baseURL));
      const expected = /** @type {RegExp[]} */ ([]);
      await use((one) => void expected.push(one));
      // What a route still does is no longer wanted, and would fail with the page gone.
      for (const page of context.pages()) await page.unrouteAll({ behavior: "ignoreErrors" });
      assertNoComplaints(complaints.filter((complaint) => !expected.some((one) => one.test(complaint))));
    },
    { auto: true },
  ],
  page: async ({ page, baseURL }, use) => {
    await openReady(page, address(baseURL));
    await use(page);
  },
  blank: async ({ context }, use) => use(await context.newPage()),
});

/** @typedef {Parameters<typeof test>[2]} Act */

/**
 * @param {string} items as "B13 B16"; README.md says what they are
 * @param {string} what the check shows
 * @param {Act} act throws if it does not
 */
export function check(items, what, act) {
  test(titleOf(what), { tag: tagsOf(items) }, act);
}

/**
 * A check that changes what all pages see, as which model answers: nothing else runs beside it. It leaves
 * the server as it found it.
 * @param {string} items
 * @param {string} what
 * @param {Act} act
 */
check.alone = (items, what, act) => {
  test(titleOf(what), { tag: tagsOf(items), lock: "-exclusive-" }, act);
};

/** @param {string} items */
function tagsOf(items) {
  return items.split(" ").map((item) => `@${item}`);
}

/**
 * "tokens.spec.mjs: a new token pops in", as in the table. Playwright takes this file for the place of every
 * check, and would not say whose it is.
 * @param {string} what
 */
function titleOf(what) {
  const [, file = ""] = new Error().stack?.match(/([\w-]+\.spec\.mjs)/) ?? [];
  return `${file}: ${what}`;
}

/** @param {string | undefined} url */
function address(url) {
  if (!url) throw new Error("TOKENSCOPE_URL=http://127.0.0.1:PORT is needed: the address of a running Tokenscope.");
  return url;
}
