// Lists that hide something say so, and wires end where rows can be seen.

import { check, expect } from "./harness.mjs";
import { forceText, openCard, previewBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/**
 * Whether the shade at an end of a list is in sight: the first or the last entry lies over it where the list begins
 * or ends.
 * @param {Page} page
 * @param {string} list
 */
function shades(page, list) {
  return page.locator(list).first().evaluate((frame) => {
    const covers = [...frame.children].filter((one) => getComputedStyle(one).zIndex === "2" && getComputedStyle(one).backgroundColor !== "rgba(0, 0, 0, 0)").map((one) => one.getBoundingClientRect());
    const box = frame.getBoundingClientRect();
    const seen = (/** @type {string} */ which, /** @type {number} */ y) => {
      const shade = getComputedStyle(frame, which);
      return shade.position === "sticky" && shade.backgroundImage.includes("gradient") && !covers.some((one) => one.top <= y && y <= one.bottom);
    };
    return { top: seen("::before", box.top + 2), bottom: seen("::after", box.bottom - 2) };
  });
}

check("C10", "rows and tokens that are out of sight leave a shade at that end", async ({ page }) => {
  await previewBy(page, async () => {
    await page.locator("#top-k").fill("50");
    await page.locator("#top-k").press("Enter");
  });
  await forceText(page, " and so on".repeat(20));
  for (const list of [".rows", ".stack-rows"]) {
    const frame = page.locator(list).first();
    for (const [place, expected] of /** @type {const} */ ([[0, { top: false, bottom: true }], [0.5, { top: true, bottom: true }], [1, { top: true, bottom: false }]])) {
      await frame.evaluate((one, share) => (one.scrollTop = share * (one.scrollHeight - one.clientHeight)), place);
      await expect.poll(() => shades(page, list), `${list} at ${place}`).toEqual(expected);
    }
  }
  await previewBy(page, async () => {
    await page.locator("#top-k").fill("3");
    await page.locator("#top-k").press("Enter");
  });
  await expect.poll(() => shades(page, ".rows"), "a list that is seen as a whole").toEqual({ top: false, bottom: false });
});

check("C10", "each row in sight has a wire and the grammar panel none, however it opens", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => page.locator("#constraint-enabled").click());
  await page.locator(".grammar").waitFor();
  const wires = () => page.evaluate(() => {
    const lists = [...document.querySelectorAll(".rows:not(.found)")].map((list) => list.getBoundingClientRect());
    const isIn = (/** @type {number} */ y) => lists.some((list) => list.top <= y && y <= list.bottom);
    const top = document.querySelector(".flow")?.getBoundingClientRect().top ?? 0;
    const ends = [...document.querySelectorAll(".wire-output")].map((path) => Number(path.getAttribute("d")?.split(" ").at(-1)) + top);
    // Each row is looked for in its own list: rows scrolled out of the long one lie behind the favourites under it.
    const inSight = [...document.querySelectorAll('.rows:not(.found) [data-wire="row"]')].flatMap((row) => {
      const [{ top: start, bottom: end }, list] = [row.getBoundingClientRect(), row.closest(".rows")?.getBoundingClientRect()];
      const middle = (start + end) / 2;
      return list && list.top <= middle && middle <= list.bottom ? [middle] : [];
    });
    const without = inSight.filter((middle) => !ends.some((end) => Math.abs(end - middle) < 2));
    return { outside: ends.filter((y) => !isIn(y)).length, without: without.length, some: inSight.length > 2 };
  });
  for (let press = 0; press < 3; press += 1) {
    await expect.poll(wires, "wires outside the list, and rows in sight without one").toEqual({ outside: 0, without: 0, some: true });
    await page.locator(".grammar-toggle").click();
  }
});

check("C27", "main actions of an input have words beside their icons", async ({ page }) => {
  for (const width of [1280, 700, 360]) {
    await page.setViewportSize({ width, height: 720 });
    for (const word of ["Examples", "Fork"]) {
      const one = page.locator(".tools").getByRole("button", { name: word, exact: true });
      await expect(one).toHaveText(word);
      await expect(one).toBeVisible();
    }
  }
  await page.setViewportSize({ width: 2200, height: 1000 });
  await expect(page.locator(".input-files-words")).toBeVisible();
  await page.locator(".tools").getByRole("button", { name: "Examples" }).click();
  await expect(page.getByRole("dialog", { name: "Prompt library" })).toBeVisible();
});
