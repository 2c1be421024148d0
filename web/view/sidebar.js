// The settings: a column in wide windows, a drawer in narrow ones.

import { useEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import * as store from "../state/store.js";
import { AttributionCard } from "./attribution_card.js";
import { ConstraintCard } from "./constraint_card.js";
import { Icon } from "./icons.js";
import { ModelCard } from "./model_card.js";
import { SamplingCard } from "./sampling_card.js";
import { SpeedCard } from "./speed_card.js";

export function Sidebar() {
  const open = store.drawerOpen.value;
  const closeButton = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const close = () => {
    store.drawerOpen.value = false;
    // The header is inert until the drawer is gone from the page.
    setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector(".drawer-button"))?.focus());
  };
  useEffect(() => {
    if (open) closeButton.current?.focus();
  }, [open]);
  useEffect(() => {
    // In a wide window the settings are no drawer, and the rest of the page must not stay inert.
    const wide = globalThis.matchMedia?.("(min-width: 1200px)");
    const settle = () => wide?.matches && (store.drawerOpen.value = false);
    wide?.addEventListener("change", settle);
    return () => wide?.removeEventListener("change", settle);
  }, []);
  return html`
    <div class="sidebar" id="settings" data-open=${open} aria-label="Settings" role=${open ? "dialog" : "complementary"} aria-modal=${open || null}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
      <div class="drawer-head">
        <span>Settings</span>
        <button type="button" class="icon-button" aria-label="Close settings" ref=${closeButton} onClick=${close}>${h(Icon, { name: "close" })}</button>
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
