// The settings: a column in wide windows, a drawer in narrow ones, where the knobs are a sheet as well:
// that leaves the rows in sight and all of the page in use.

import { useEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { closeKnobs, knobsOpen } from "../state/knob_sheet.js";
import * as store from "../state/store.js";
import { AttributionCard } from "./attribution_card.js";
import { ConstraintCard } from "./constraint_card.js";
import { Icon } from "./icons.js";
import { ModelCard } from "./model_card.js";
import { SamplingCard } from "./sampling_card.js";
import { SpeedCard } from "./speed_card.js";

export function Sidebar() {
  const open = store.drawerOpen.value;
  const sheet = !open && knobsOpen.value;
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const closeButton = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const close = () => {
    const opener = open ? ".drawer-button" : ".knobs-button";
    store.drawerOpen.value = false;
    closeKnobs();
    // The header is inert until the drawer is gone from the page.
    setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector(opener))?.focus());
  };
  useEffect(() => {
    if (open || sheet) closeButton.current?.focus({ preventScroll: true });
    // Where the page scrolls, the rows may be anywhere.
    if (sheet) document.querySelector(".row-head")?.scrollIntoView?.({ block: "start" });
    if (sheet) frame.current?.scrollTo?.({ top: 0 });
  }, [open, sheet]);
  useEffect(() => {
    // In a wide window the settings are no drawer, and the rest of the page must not stay inert.
    const wide = globalThis.matchMedia?.("(min-width: 1200px)");
    const settle = () => {
      if (!wide?.matches) return;
      store.drawerOpen.value = false;
      closeKnobs();
    };
    wide?.addEventListener("change", settle);
    return () => wide?.removeEventListener("change", settle);
  }, []);
  return html`
    <div class="sidebar" id="settings" ref=${frame} data-open=${open} data-sheet=${sheet} aria-label=${sheet ? "Knobs" : "Settings"} role=${open ? "dialog" : "complementary"} aria-modal=${open || null}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && (open || sheet) && close()}>
      <div class="drawer-head">
        <span>Settings</span>
        <button type="button" class="icon-button" aria-label=${sheet ? "Close knobs" : "Close settings"} ref=${closeButton} onClick=${close}>${h(Icon, { name: "close" })}</button>
      </div>
      ${h(ModelCard, {})}
      ${h(SamplingCard, {})}
      ${h(ConstraintCard, {})}
      ${h(SpeedCard, {})}
      ${h(AttributionCard, {})}
    </div>
    ${open && html`<div class="backdrop" onClick=${close}></div>`}
  `;
}
