// Bars have room and fill it, with nothing over them; what was cut, sunk or picked is told beside them.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, forceText, openCard, previewBy, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const rows = (/** @type {Page} */ page) => page.locator(".rows:not(.favourites, .found) .row-item");

check("C2", "a bar has 120 px from 700 px up and 80 px below, with logits and found tokens", async ({ page }) => {
  await button(page, "Logits").click();
  await page.getByLabel("Find a token").fill(" the");
  await page.locator(".found .row-item").first().waitFor();
  for (const width of [1920, 1440, 1280, 1200, 1199, 900, 700, 699, 360, 320]) {
    await page.setViewportSize({ width, height: 720 });
    for (const view of ["Flow", "Text"]) {
      await page.getByRole("tab", { name: view }).click();
      const { least, overlaps, sideways } = await page.evaluate(() => ({
        least: Math.min(...[...document.querySelectorAll(".rows .track")].map((track) => track.getBoundingClientRect().width)),
        overlaps: [...document.querySelectorAll(".rows button.row")].filter((row) => {
          const cells = [...row.children].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return cell.matches(".track, .row-token") ? cell.getBoundingClientRect() : range.getBoundingClientRect();
          });
          return cells.some((a, index) => cells.slice(index + 1).some((b) => a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 2 && b.bottom > a.top + 2));
        }).length,
        sideways: document.documentElement.scrollWidth - innerWidth,
      }));
      expect(least, `the narrowest bar of ${view} at ${width} px`).toBeGreaterThanOrEqual(width < 700 ? 80 : 120);
      expect(overlaps, `rows of ${view} at ${width} px whose columns run together`).toBe(0);
      expect(sideways, `sideways scroll of ${view} at ${width} px`).toBeLessThanOrEqual(0);
    }
  }
});

check("C2", "with a constraint bars have their room, too", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await button(page, "Logits").click();
  await previewBy(page, () => page.locator("#constraint-enabled").click());
  for (const width of [1440, 1280, 900, 700, 360]) {
    await page.setViewportSize({ width, height: 720 });
    const least = await page.locator(".rows .track").evaluateAll((all) => Math.min(...all.map((track) => track.getBoundingClientRect().width)));
    expect(least, `the narrowest bar at ${width} px`).toBeGreaterThanOrEqual(width < 700 ? 80 : 120);
  }
});

check("C3", "what cut rows is said once over them, and nothing stands in a track", async ({ page }) => {
  await openCard(page, "Generation parameters");
  for (const scale of ["fit", "linear", "log"]) {
    await page.locator(".distribution .segmented label", { hasText: scale }).click();
    const { dist } = await previewBy(page, () => page.getByRole("slider", { name: "Top-p" }).fill(scale === "log" ? "0.31" : scale === "fit" ? "0.3" : "0.29"));
    const kept = dist?.tokens.findIndex((row) => !row.kept) ?? -1;
    assert(kept > 0, "some rows should be kept and some cut.");
    const rule = rows(page).locator("xpath=..").locator("> .cut-rule");
    await expect(rule).toHaveCount(1);
    await expect(rule).toHaveText("cut by top-p · in order of raw rank");
    expect(await rule.evaluate((one) => [...(one.parentElement?.children ?? [])].indexOf(one)), "the rule should stand before the first row that is cut").toBe(kept);
    expect(await page.locator(".distribution .track").evaluateAll((all) => all.map((track) => track.textContent?.trim()).join("")), "words in tracks").toBe("");
    await expect(rows(page).nth(kept).locator(".row-rank")).toHaveText(String(dist?.tokens[kept]?.rank_base));
    await expect(rows(page).nth(kept).locator(".row-token")).toHaveAttribute("aria-label", /^raw rank \d.*cut by top-p/);
  }
  await previewBy(page, () => button(page, "Greedy").click());
  await expect(page.locator('.row[data-pick="true"] > .row-note')).toHaveText("will be picked");
});

check("C5", "a raw favourite that left the list is pinned below it, and can be forced and pointed at", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const { dist } = await previewBy(page, () => button(page, "Reliable").click());
  const lost = dist?.raw_top.filter((row) => !dist.tokens.some(({ id }) => id === row.id)) ?? [];
  assert(lost[0] && dist, "under Reliable the raw favourite should not be listed.");
  const pinned = page.locator(".favourites .row-item");
  await expect(pinned).toHaveCount(lost.length);
  await expect(pinned.first().locator(".row-token")).toHaveText(lost[0].display);
  await expect(pinned.first().locator(".row-base")).toHaveText(lost[0].p_base.toFixed(3));
  await expect(pinned.first().locator(".row-rank")).toContainText(String(lost[0].rank_final ?? lost[0].rank_base));
  await expect(page.locator(".favourites .cut-rule").first()).toContainText(/raw favourites, (sunk|cut) by /);
  const list = await page.locator(".rows").first().boundingBox();
  const box = await pinned.first().boundingBox();
  assert(list && box && list.y + list.height <= box.y && box.y + box.height <= 720, "it should stand below the list, in sight.");
  await pinned.first().hover();
  await expect(page.locator("#row-detail")).toContainText(`id ${lost[0].id}`);
  const answer = await stepBy(page, () => pinned.first().locator("button").click());
  expect(answer.appended[0]?.id).toBe(lost[0].id);
});

check("C18", "bars fill an axis that ends at a round number, is labelled, and does not shrink under a knob", async ({ page }) => {
  const end = page.locator(".row-scale span").last();
  const tops = [1, 0.75, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
  const { dist } = await previewBy(page, () => forceText(page, " The"));
  assert(dist, "there should be a distribution.");
  await expect(page.getByRole("radio", { name: "fit" })).toBeChecked();
  const least = (/** @type {NonNullable<typeof dist>} */ of) => tops.findLast((top) => top >= Math.max(...of.tokens.flatMap((row) => [row.p_base, row.p_final])));
  await expect(end).toHaveText(String(least(dist)));
  const longest = () => page.locator(".rows .row-item :is(.bar-raw, .bar-final)").evaluateAll((bars) => Math.max(...bars.map((bar) => parseFloat(/** @type {HTMLElement} */ (bar).style.width))));
  expect(await longest(), "the longest bar").toBeGreaterThan(39);
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Greedy").click());
  await expect(end, "one token has all").toHaveText("1");
  await previewBy(page, () => button(page, "Creative").click());
  await expect(end, "at one position the axis stays").toHaveText("1");
  await page.locator(".distribution .segmented label", { hasText: "log" }).click();
  await expect(page.locator(".row-scale")).toHaveText("1e-61");
  expect(await stored(page, "tokenscope.scale")).toBe("log");
});

check("C18", "tokens are listed once, 25 of them in sight, and rows have most of the width", async ({ page }) => {
  await expect(page.locator(".pills")).toHaveCount(0);
  const seen = await page.locator(".stack-rows").evaluate((list) => {
    const frame = list.getBoundingClientRect();
    return [...list.querySelectorAll(".token")].filter((token) => token.getBoundingClientRect().bottom <= frame.bottom + 1 && token.getBoundingClientRect().top >= frame.top - 1).length;
  });
  expect(seen, "tokens in sight at 720 px").toBeGreaterThanOrEqual(25);
  await forceText(page, " fourteen-chars");
  const short = await page.locator(".stack-rows .token").evaluateAll((all) => all.filter((one) => (one.textContent?.length ?? 0) <= 14 && one.scrollWidth > one.clientWidth + 1).length);
  expect(short, "tokens of up to 14 characters that are clipped").toBe(0);
  for (const width of [1280, 1440, 1920]) {
    await page.setViewportSize({ width, height: 720 });
    const [inputs, draw, flow] = await Promise.all([".inputs", ".distribution", ".flow"].map((one) => page.locator(one).evaluate((box) => box.clientWidth)));
    assert((draw ?? 0) > 0.48 * (flow ?? 1) && (draw ?? 0) > 2 * (inputs ?? 1), `at ${width} px the rows have ${draw} of ${flow} px.`);
  }
});

check("C18", "text fields grow with their text and can be made higher by hand", async ({ page }) => {
  const field = page.locator("#prompt-text");
  const height = () => field.evaluate((one) => one.clientHeight);
  const before = await height();
  await previewBy(page, () => field.fill("a line\n".repeat(7)));
  await expect.poll(height).toBeGreaterThan(before + 60);
  expect(await field.evaluate((one) => one.scrollHeight - one.clientHeight), "what is hidden of eight lines").toBeLessThanOrEqual(1);
  await previewBy(page, () => field.fill("a line\n".repeat(200)));
  await expect.poll(height, "within reason").toBeLessThan(400);
  await expect(field).toHaveCSS("resize", "vertical");
  await settle(page);
});
