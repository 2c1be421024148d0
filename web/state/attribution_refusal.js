// Why an attribution was refused, in the page's words: the server names options as its API does.

import * as store from "./store.js";

/** @param {{ detail: string, hint: string, code: string }} refusal */
export function refusalInWords({ detail, hint, code }) {
  const specs = store.catalog.value?.attribution.options ?? [];
  const spec = code === "invalid_option" ? specs.find(({ field }) => detail.startsWith(`${field} `)) : undefined;
  if (!spec) return { detail, hint };
  const { layers, heads } = store.status.value ?? {};
  const count = spec.id === "heads" ? heads : layers;
  const range = spec.kind === "places" && count ? `: it has ${spec.label.toLowerCase()} 0 to ${count - 1}, and an empty field means all` : "";
  return { detail: `The option “${spec.label}” does not fit this model.`, hint: `Change it in the attribution card${range}.` };
}
