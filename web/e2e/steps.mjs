// Steps through a completion in a real browser against a running server, and checks the things
// that only a browser can show: the policy, the layout, the keyboard.
//
//   node e2e/steps.mjs --url http://127.0.0.1:PORT [--out DIR] [--steps N] [--chromium PATH]

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { attribute } from "./attribution.mjs";
import { branchOut } from "./branches.mjs";
import { assert, assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { check } from "./checks.mjs";
import { constrain } from "./constraint.mjs";
import { button, clearCompletion, expectLength, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const SIZES = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
  { width: 1200, height: 720 },
  { width: 900, height: 800 },
  { width: 700, height: 800 },
  { width: 390, height: 844 },
  { width: 360, height: 740 },
  { width: 320, height: 640 },
];

await run("steps", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const complaints = watch(page.context(), options.url);
  await openReady(page, options.url);

  await attribute(page, complaints);
  await clearCompletion(page);
  await constrain(page, complaints);
  await check("B9 B81", "a load that fails says why, and the model goes on", () => failToLoad(page));
  await check("B9", "a suggestion is chosen and loaded by keyboard", () => chooseBuiltin(page));
  await check("B7 B83", "no sideways scroll at any size, in both themes", () => fitEverySize(page, options.out));

  assertNoComplaints(complaints);
  await branchOut(options, browser);
}, 10);

/** @param {Page} page */
async function failToLoad(page) {
  const field = page.getByRole("combobox", { name: "Model id" });
  const answering = await field.inputValue();
  await field.fill("/no/such/folder/model.gguf");
  await field.press("Enter");
  const error = page.locator(".note-error");
  await error.waitFor({ timeout: 10_000 });
  await error.locator("summary").click();
  const text = await error.locator(".error-detail").innerText();
  assert(/There is no file or folder \/no\/such\/folder\/model\.gguf\./.test(text), `the error should name the path in full and says: ${text}`);
  const cut = await error.locator(".error-detail").evaluate((one) => one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth);
  assert(!cut, "the error should be readable without scrolling.");
  assert((await field.inputValue()) === answering, "the field should name the model that answers again.");
  await clearCompletion(page);
  await stepBy(page, () => button(page, "Step").click());
  await expectLength(page, 1, "After a step behind a failed load");
  await settle(page);
}

/** @param {Page} page */
async function chooseBuiltin(page) {
  const field = page.getByRole("combobox", { name: "Model id" });
  await field.focus();
  await page.keyboard.press("ArrowDown");
  const here = page.getByRole("group", { name: "On this machine" });
  const builtin = here.getByRole("option").filter({ hasText: "builtin:" });
  assert((await builtin.count()) === 1, "the built-in model should be listed once under On this machine.");
  await page.keyboard.press("Escape");
  assert((await here.count()) === 0, "Escape should close the suggestions.");
  await page.keyboard.press("ArrowDown");
  for (let presses = 1; presses < 50 && (await builtin.getAttribute("aria-selected")) !== "true"; presses += 1)
    await page.keyboard.press("ArrowDown");
  const meant = await field.getAttribute("aria-activedescendant");
  assert(meant !== null && meant === (await builtin.getAttribute("id")), "aria-activedescendant should name the option that is meant.");
  await page.keyboard.press("Enter");
  await page.locator(".note-error").waitFor({ state: "detached", timeout: 10_000 });
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 60_000 });
  await page.locator(".message").filter({ hasText: "Ready" }).waitFor({ timeout: 10_000 });
}

/** @param {Page} page @param {string} out */
async function fitEverySize(page, out) {
  if (out !== "") mkdirSync(out, { recursive: true });
  for (const size of SIZES) {
    for (const theme of /** @type {const} */ (["light", "dark"])) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(250);
      const { wide, room } = await page.evaluate(() => ({ wide: document.scrollingElement?.scrollWidth ?? 0, room: innerWidth }));
      assert(wide <= room, `at ${size.width}x${size.height} the page is ${wide} px wide and scrolls sideways.`);
      await assertInView(page, size);
      if (out !== "") await page.screenshot({ path: join(out, `${size.width}x${size.height}-${theme}.png`) });
    }
  }
}

/** @param {Page} page @param {{ width: number, height: number }} size */
async function assertInView(page, size) {
  for (const name of ["Step", "Play", "Delete last token"]) {
    const box = await button(page, name).boundingBox();
    const inView = box && box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
    assert(inView, `at ${size.width}x${size.height} the button ${name} is not in view.`);
  }
}
