// What the page promises, item by item, each subject on a page of its own. README.md has the table.
//
//   node e2e/behaviour.mjs --url http://127.0.0.1:PORT [--only SUBJECT] [--chromium PATH]

import { assert, assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { constraintCard } from "./constraint_card.mjs";
import { heatOnHover } from "./heat.mjs";
import { modelCard } from "./model_card.mjs";

/** @import { Page } from "@playwright/test" */

/** @typedef {{ page: Page, url: string, complaints: string[] }} Visit */

/** Each begins on a fresh page. The model card comes last, for it loads other models. @type {Record<string, (visit: Visit) => Promise<void>>} */
const SUBJECTS = { constraint: constraintCard, heat: heatOnHover, model_card: modelCard };

await run("behaviour", async ({ url, only }, browser) => {
  assert(only === "" || only in SUBJECTS, `--only takes one of ${Object.keys(SUBJECTS).join(", ")}.`);
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    if (only !== "" && only !== name) continue;
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    const complaints = watch(page.context(), url);
    await openReady(page, url);
    console.log(` ${name}`);
    await subject({ page, url, complaints });
    assertNoComplaints(complaints);
    await context.close();
  }
}, 1);
