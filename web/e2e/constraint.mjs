// The card of constrained sampling as a person uses it.

/** @import { Page } from "@playwright/test" */

/** Each kind, as its field lists it and as its editor is called. */
export const KINDS = /** @type {const} */ ([
  { id: "multiple_choice", label: "Multiple choice", name: "Choices" },
  { id: "regex", label: "Regex", name: "Regular expression" },
  { id: "cfg", label: "CFG", name: "Grammar" },
  { id: "json_schema", label: "JSON schema", name: "JSON schema" },
]);

/** @param {Page} page */
export function kindField(page) {
  return page.getByLabel("Kind", { exact: true });
}

/** @param {Page} page */
export function editor(page) {
  return page.locator("#constraint-text");
}

/** The switch itself is drawn by its label. @param {Page} page */
export function toggleConstraint(page) {
  return page.locator("label", { hasText: "Constrain sampling" }).click();
}
