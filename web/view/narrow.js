// Whether the window has no room for columns side by side. The same width as in style/.

import { signal } from "@preact/signals";

const columns = globalThis.matchMedia?.("(min-width: 700px)");

export const narrow = signal(columns?.matches === false);

columns?.addEventListener("change", () => (narrow.value = !columns.matches));
