// Copies a text that is on screen.

import { useEffect, useState } from "preact/hooks";
import { html } from "../html.js";

const SHOWN_MS = 2000;

/** @param {{ text: string, label: string }} props `label` names what is copied */
export function CopyButton({ text, label }) {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setOutcome(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      // Absent where the page comes over plain HTTP from another machine.
      await navigator.clipboard.writeText(text);
      setOutcome("Copied");
    } catch {
      setOutcome("Not allowed here: select the text");
    }
  };
  return html`<button type="button" class="button button-small" aria-label=${outcome ? null : label} onClick=${copy}><span aria-live="polite">${outcome || "Copy"}</span></button>`;
}
