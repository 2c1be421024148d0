// The tour: a few cards that point at the parts of the page, one after the other. It is no dialog
// that stops anything: everything on the page can be used meanwhile.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { placeBeside } from "../lib/geometry.js";
import { endTour, goToTourStep } from "../state/learning.js";
import { chooseView, view } from "../state/view_switch.js";
import { Icon } from "./icons.js";

/** In the order of the flow. `at` is what the card stands at. */
const STEPS = [
  { at: ".input", title: "Text goes in", text: "Type anything. The model does not see letters, but tokens: they stand next to the text. Point at one to see where its borders are." },
  { at: ".llm", title: "The model reads all of them", text: "It gives every token of its vocabulary a score. You can switch it off to see the tokens alone." },
  { at: ".distribution", title: "Out comes a distribution", text: "How likely each token is as the next one: raw, as the model says, and final, after the sampling stages. Click a row to take that token." },
  { at: ".sidebar, .drawer-button", title: "Knobs change the chances", text: "Temperature, top-p and penalties turn raw into final. Move one and watch the bars. Every knob has a ? that explains it." },
  { at: ".control-buttons", title: "One step at a time", text: "Step draws one token and appends it, Play goes on by itself. Point at a token that came out to see what else was possible, and click that to go another way." },
];

/** @param {{ step: number }} props */
export function Tour({ step }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const { at, title, text } = STEPS[step] ?? { at: "", title: "", text: "" };
  const last = step === STEPS.length - 1;
  useLayoutEffect(() => chooseView("flow"), []);
  useLayoutEffect(() => {
    const target = [...document.querySelectorAll(at)].find((one) => one.getBoundingClientRect().width > 0);
    if (!card.current || !target) return;
    target.scrollIntoView?.({ block: "nearest" });
    target.setAttribute("data-tour", "");
    const { offsetWidth, offsetHeight, style } = card.current;
    const stand = () => {
      const { left, top, right, bottom } = target.getBoundingClientRect();
      const place = placeBeside({ left, top, right, bottom }, { width: offsetWidth, height: offsetHeight }, { left: 0, top: 0, right: innerWidth, bottom: innerHeight });
      style.left = `${place.left}px`;
      style.top = `${place.top}px`;
    };
    stand();
    // On a first visit the tokens come after the tour, and what it is about grows.
    const observer = new ResizeObserver(stand);
    observer.observe(target);
    return () => {
      observer.disconnect();
      target.removeAttribute("data-tour");
    };
  }, [step, view.value]);
  return html`
    <section class="tour" role="dialog" aria-labelledby="tour-title" ref=${card}>
      <div class="tour-head">
        <h2 id="tour-title">${title}</h2>
        <button type="button" class="icon-button" aria-label="End the tour" title="End the tour (Esc)" onClick=${endTour}>${h(Icon, { name: "close" })}</button>
      </div>
      <p aria-live="polite">${text}</p>
      <div class="tour-foot">
        <span class="quiet numbers">${step + 1} of ${STEPS.length}</span>
        <span class="spacer"></span>
        ${step > 0 && html`<button type="button" class="button button-small" onClick=${() => goToTourStep(step - 1)}>Back</button>`}
        <button type="button" class="button button-small button-primary" onClick=${() => (last ? endTour() : goToTourStep(step + 1))}>${last ? "Done" : "Next"}</button>
      </div>
    </section>
  `;
}
