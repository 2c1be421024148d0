// Files in and out of the page.

import { importSession, refuseImport } from "../state/actions.js";
import { MOST_CHARACTERS } from "../state/session_file.js";

/** @param {{ name: string, type: string, content: string | Blob }} file */
export function download({ name, type, content }) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun by then; it need not stay in memory.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {File | undefined} file */
export async function readFile(file) {
  if (!file) return;
  // Nobody has to wait for a film to be read.
  if (file.size > 4 * MOST_CHARACTERS) return refuseImport(file.name, "It is far too large for a session.");
  try {
    importSession(file.name, await file.text());
  } catch (error) {
    refuseImport(file.name, error instanceof Error ? error.message : String(error));
  }
}

/** A file that is dropped anywhere is opened. @param {Document} document */
export function listenToDrops(document) {
  const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    // Without this the browser would leave the page for the file.
    if (hasFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    void readFile(event.dataTransfer?.files[0]);
  });
}
