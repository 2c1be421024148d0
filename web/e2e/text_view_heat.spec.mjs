// The text view with an attribution: one text, one meaning of blue, and cards at what is pointed at.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { forceText, openCard } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** @param {Page} page @param {string} method */
async function readWith(page, method) {
  await openCard(page, "Attribution");
  await page.getByRole("combobox", { name: "Where did a token come from?" }).selectOption({ label: method });
  await page.getByRole("tab", { name: "Text" }).click();
}

check("C7", "prompt and completion are one text, its tokens those that the model gets", async ({ page }) => {
  await forceText(page, " Paris, of course");
  const pills = await page.locator(".stack-rows .token").count();
  await page.getByRole("tab", { name: "Text" }).click();
  await expect(page.locator(".prose :is(.prompt-word, .word)")).toHaveCount(pills);
  const text = (await page.locator(".prose-text").textContent()) ?? "";
  assert(/The capital of France is<\|im_end\|>.*Paris, of course$/s.test(text), `the completion should follow the prompt, marks of the template included: ${text}`);
  await expect(page.locator(".prompt-word.word-special").first()).toHaveText("<|im_start|>");
});

check("C7", "heat takes the tint's place on the prompt, too, and its legend", async ({ page }) => {
  await forceText(page, " Paris, of course it is");
  await readWith(page, "Saliency");
  await expect(page.locator(".word[data-tint]")).not.toHaveCount(0);
  await expect(page.locator(".tint-scale")).toBeVisible();
  const target = page.locator('.word[data-index="3"]');
  await target.hover();
  await expect(page.locator(".prompt-word[data-heat]").first()).toBeVisible();
  const painted = await page.locator(".prose :is(.prompt-word, .word)").evaluateAll((all) => all.map((one) => one.hasAttribute("data-heat")));
  const place = await page.locator(".prompt-word").count();
  assert(painted.every((yes, index) => yes === index < place + 3), "all tokens before the one that is asked about should be painted, and no others.");
  await expect(page.locator(".word[data-tint]")).toHaveCount(0);
  await expect(page.locator(".tint-scale")).toHaveCount(0);
  await expect(page.locator(".tint-legend .heat-scale")).toBeVisible();
  await page.mouse.move(2, 2);
  await expect(page.locator(".word[data-tint]")).not.toHaveCount(0);
  await expect(page.locator(".tint-scale")).toBeVisible();
});

/** A token of two lines, whose space stays at the end of the first. @param {Page} page */
async function brokenWord(page) {
  await forceText(page, " and so on and so forth until the line is full and the next one begins with a space at its end, which nobody can see");
  await page.getByRole("tab", { name: "Text" }).click();
  const index = await page.locator(".word").evaluateAll((all) => all.findIndex((one) => {
    const lines = one.getClientRects();
    return lines.length === 2 && /** @type {DOMRect} */ (lines[0]).width > 0 && /** @type {DOMRect} */ (lines[0]).top < /** @type {DOMRect} */ (lines[1]).top;
  }));
  assert(index >= 0, "a token should go over two lines.");
  const word = page.locator(`.word[data-index="${index}"]`);
  const lines = await word.evaluate((one) => [...one.getClientRects()].map(({ left, top, width, height }) => ({ left, top, width, height })));
  return { word, lines };
}

/** The card is a gap away from this line. @param {Page} page @param {{ left: number, top: number, width: number, height: number }} line */
async function standsAt(page, line) {
  const card = page.locator("#history");
  await expect(card).toBeVisible();
  await expect.poll(async () => {
    const box = await card.boundingBox();
    if (!box) return Infinity;
    const across = Math.max(box.x - line.left - line.width, line.left - box.x - box.width, 0);
    const down = Math.max(box.y - line.top - line.height, line.top - box.y - box.height, 0);
    return Math.round(Math.hypot(across, down));
  }).toBeLessThanOrEqual(9);
}

check("C7", "a token that breaks across lines has its card at the line that is pointed at", async ({ page }) => {
  const { lines } = await brokenWord(page);
  for (const line of lines.toReversed()) {
    await page.mouse.move(line.left + line.width / 2, line.top + line.height / 2);
    await standsAt(page, line);
    await page.mouse.move(2, 2);
    await expect(page.locator("#history")).toHaveCount(0);
  }
});

check("C7 B83", "by keyboard its card stands at the line where something can be seen", async ({ page }) => {
  const { word, lines } = await brokenWord(page);
  await page.keyboard.press("Tab");
  await word.focus();
  await standsAt(page, /** @type {typeof lines[0]} */ (lines[1]));
});

check("C7", "a long prompt is folded at first, and unfolds", async ({ page }) => {
  await page.getByLabel("User message").fill("one two three four five six seven eight nine ten ".repeat(45));
  await expect(page.locator(".stack-toggle")).toContainText(/×4\d\d/, { timeout: 60_000 });
  await page.getByRole("tab", { name: "Text" }).click();
  const fold = page.locator(".prose-fold");
  await expect(fold).toHaveText(/^Prompt · \d+ tokens$/);
  await expect(page.locator(".prompt-word")).toHaveCount(0);
  await fold.click();
  await expect(page.locator(".prompt-word").first()).toBeVisible();
});

check("C7 B67", "painted text can be read in both themes", async ({ page }) => {
  await forceText(page, " Paris, of course it is");
  await readWith(page, "Input × gradient");
  await page.getByRole("switch", { name: "Signed" }).check();
  await page.locator(".word").last().hover();
  await expect(page.locator(".prompt-word[data-heat]").first()).toBeVisible();
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    const worst = await page.locator(".prose [data-heat]").evaluateAll((all) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
      const luminance = (/** @type {string} */ color) => {
        if (!canvas) return NaN;
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      return Math.min(...all.map((one) => {
        const [dark = 0, light = 0] = [luminance(getComputedStyle(one).color), luminance(getComputedStyle(one).backgroundColor)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
      }));
    });
    assert(worst >= 4.5, `in the ${colorScheme} theme painted text has a contrast of only ${worst.toFixed(2)}.`);
  }
});
