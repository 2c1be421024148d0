// A server that goes away and comes back: nothing is lost, the page says what is wrong and goes on by
// itself.
//
//   node e2e/restart.mjs --url http://127.0.0.1:PORT [--chromium PATH]

import { assert, openReady, run } from "./browser.mjs";
import { button, completionLength, expectLength, settle, stepBy } from "./page.mjs";

await run("restart", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await openReady(page, options.url);
  for (let steps = 0; steps < 3; steps += 1) {
    await stepBy(page, () => button(page, "Step").click());
    await settle(page);
  }
  const text = await page.locator(".pills").innerText();
  await page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await button(page, "Step").click();
  await page.getByText("Server error", { exact: true }).waitFor({ timeout: 10_000 });
  const banner = page.locator(".banner");
  assert(/does not answer/.test(await banner.innerText()), "the page should say that the server does not answer.");
  assert((await banner.getByRole("button", { name: "Copy the error" }).count()) === 1, "the error should be there to be copied.");
  assert((await page.locator(".pills").innerText()) === text, "what was generated should stay.");
  await page.unroute("**/api/**");
  await page.getByText("Server OK", { exact: true }).waitFor({ timeout: 15_000 });
  await page.waitForTimeout(1000);
  assert((await page.locator(".pills").innerText()) === text, "the completion should still be there.");
  const length = await completionLength(page);
  await stepBy(page, () => button(page, "Step").click());
  await expectLength(page, length + 1, "After the server came back");
  assert((await banner.count()) === 0, "the error should be gone with its cause.");
  assert(errors.length === 0, `the page failed: ${errors.join(", ")}`);
  console.log("  a server that goes away costs nothing, and the page goes on by itself");
}, 1);
