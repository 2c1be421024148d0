// axe-core finds what people with other senses, hands or screens could not use. It is told to the page as a
// script, which a check allows by test.use({ bypassCSP: true }).

import { expect } from "@playwright/test";
import { readFileSync } from "node:fs";

/** @import { Page } from "@playwright/test" */

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Looks in both themes. @param {Page} page @param {string} where */
export async function expectAccessible(page, where) {
  // What the model still reads is paler, and out of sight it may stay so until somebody scrolls there.
  await page.locator('[data-stale="true"]').waitFor({ state: "detached" });
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => (one instanceof CSSTransition ? one.finish() : null))));
    const found = await page.evaluate(async (axe) => {
      if (!("axe" in window)) new Function(axe)();
      const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] });
      return violations.flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 160)}\n  ${node.failureSummary.replaceAll("\n", " ")}`));
    }, AXE);
    expect(found, `what axe finds in ${where}, ${colorScheme}`).toEqual([]);
  }
}
