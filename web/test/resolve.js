// Resolves bare names as the server does when it joins the modules: by the list in vendor/. So the
// tests run the vendored files, not the ones of node_modules.

import { readFileSync } from "node:fs";

const vendor = new URL("../vendor/", import.meta.url);
const versions = /** @type {Record<string, { import?: string }>} */ (JSON.parse(readFileSync(new URL("versions.json", vendor), "utf8")));
const files = new Map(Object.entries(versions).map(([file, entry]) => [entry.import, file]));

/**
 * @param {string} name
 * @param {{ parentURL?: string }} context
 * @param {(name: string, context: object) => unknown} next
 */
export function resolve(name, context, next) {
  const file = files.get(name);
  return file ? { url: new URL(file, vendor).href, shortCircuit: true } : next(name, context);
}
