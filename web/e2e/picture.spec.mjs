// Views as pictures: copied, or saved where the clipboard refuses.

import { readFile } from "node:fs/promises";
import { check, expect } from "./harness.mjs";
import { button, forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** @param {Page} page @param {string} what @param {string} way */
async function take(page, what, way) {
  await button(page, `${what} as a picture`).click();
  await button(page, way).click();
}

/** @param {Page} page @param {string} what @param {string} way */
async function saved(page, what, way) {
  const [download] = await Promise.all([page.waitForEvent("download"), take(page, what, way)]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

/** How large a PNG is, and of how many colours. @param {Page} page @param {Buffer} content */
function look(page, content) {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.drawImage(image, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
    return { width: image.width, colours: new Set(pixels).size, paper: pixels[0] };
  }, content.toString("base64"));
}

check("C26", "the distribution is copied as a picture, or saved where the clipboard refuses", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await take(page, "The distribution", "Copy as PNG");
  await expect(page.getByText("Copied", { exact: true })).toBeVisible();
  expect(await page.evaluate(async () => (await navigator.clipboard.read()).flatMap((item) => item.types))).toEqual(["image/png"]);
  await take(page, "The distribution", "Copy as SVG");
  await expect(page.getByText("Copied as text")).toBeVisible();
  const svg = await page.evaluate(() => navigator.clipboard.readText());
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  for (const row of await page.locator(".row-item .row-token").allTextContents()) expect(svg.replaceAll("␣", "␠")).toContain(row.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"));
  await page.evaluate(() => {
    for (const name of ["write", "writeText"]) Object.defineProperty(navigator.clipboard, name, { value: () => Promise.reject(new Error("no")) });
  });
  const { name, content } = await saved(page, "The distribution", "Copy as PNG");
  expect(name).toBe("tokenscope-next-token.png");
  const seen = await look(page, content);
  expect(seen.width).toBe(1920);
  expect(seen.colours).toBeGreaterThan(20);
});

check("C26", "text, tree and comparison are pictures in the theme in use, and are well-formed", async ({ page }) => {
  await forceText(page, " <Paris> & “שלום” 東京 😀\n");
  await button(page, "Fork").click();
  await forceText(page, " b");
  for (const [view, whats] of /** @type {const} */ ([["Text", ["The text", "The distribution"]], ["Branches", ["The tree", "The comparison"]]])) {
    await page.getByRole("tab", { name: view }).click();
    if (view === "Branches") await expect(page.locator(".pair-moved")).toBeVisible();
    for (const what of whats) {
      const { content } = await saved(page, what, "Save as SVG");
      const complaint = await page.evaluate((svg) => new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")?.textContent ?? "", content.toString());
      expect(complaint, what).toBe("");
      expect(content.toString()).toContain("Tokenscope, builtin:");
      const papers = new Set();
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        await page.emulateMedia({ colorScheme });
        papers.add((await look(page, (await saved(page, what, "Save as PNG")).content)).paper);
      }
      expect(papers.size, what).toBe(2);
    }
  }
});

check("C26", "the menu of a picture is used by keyboard and closes", async ({ page }) => {
  const toggle = button(page, "The distribution as a picture");
  await toggle.focus();
  await toggle.press("Enter");
  await page.keyboard.press("Tab");
  await expect(button(page, "Copy as PNG")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(toggle).toBeFocused();
  await expect(button(page, "Copy as PNG")).toHaveCount(0);
  await toggle.click();
  await page.locator("h1").click();
  await expect(button(page, "Copy as PNG")).toHaveCount(0);
});
