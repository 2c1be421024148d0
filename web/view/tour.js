// The tour: a few cards that point at the parts of the page, one after the other. It is no dialog
// that stops anything: everything on the page can be used meanwhile.

import { useLayoutEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { placeBeside, placeCard } from "../lib/geometry.js";
import { endTour, goToTourStep } from "../state/learning.js";
import { closeKnobs, knobsOpen } from "../state/knob_sheet.js";
import * as store from "../state/store.js";
import { chooseView, view } from "../state/view_switch.js";
import { stand } from "./floating.js";
import { Icon } from "./icons.js";
import { narrow } from "./narrow.js";

/**
 * In the order of the flow. The card stands at the first thing that can be seen of those that `at` names: on a
 * phone that is a part, since the whole leaves no room. `show` makes it seen, `hide` takes that back.
 * @type {{ at: string[], title: string, text: string, show?: () => void, hide?: () => void }[]}
 */
const STEPS = [
  { at: [".input", ".text-block:has(#prompt-text)"], title: "Text goes in", text: "Type anything. The model does not see letters, but tokens: they stand next to the text. Point at one to see where its borders are." },
  { at: [".llm"], title: "The model reads all of them", text: "It gives every token of its vocabulary a score. You can switch it off to see the tokens alone." },
  { at: [".distribution", ".rows .row-item"], title: "Out comes a distribution", text: "How likely each token is as the next one: raw, as the model says, and final, after the sampling stages. Click a row to take that token." },
  { at: ['.sidebar[data-sheet="true"]', ".card:has(#sampling-title)"], title: "Knobs change the chances", text: "Temperature, top-p and penalties turn raw into final. Move one and watch the bars. Every knob has a ? that explains it.", show: showKnobs, hide: closeKnobs },
  { at: [".control-buttons"], title: "One step at a time", text: "Step draws one token and appends it, Play goes on by itself. Point at a token that came out to see what else was possible, and click that to go another way." },
];

/** @param {{ step: number }} props */
export function Tour({ step }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  const { title, text } = STEPS[step] ?? { title: "", text: "" };
  const last = step === STEPS.length - 1;
  useLayoutEffect(() => chooseView("flow"), []);
  useLayoutEffect(() => {
    const { at = [], show = () => {}, hide = () => {} } = STEPS[step] ?? {};
    show();
    let leave = () => {};
    // What is shown for this step is drawn first.
    const frame = requestAnimationFrame(() => {
      if (card.current) leave = standAt(card.current, at);
    });
    return () => {
      cancelAnimationFrame(frame);
      leave();
      hide();
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

/** The card of the knobs, or the sheet, which leaves the rows in sight. */
function showKnobs() {
  if (isSeen(document.querySelector(".knobs-button"))) knobsOpen.value = true;
  else store.decodingCollapsed.value = false;
}

/**
 * Puts the card beside the first of these parts of the page that leaves room for it, and keeps it there.
 * @param {HTMLElement} card
 * @param {string[]} parts
 */
function standAt(card, parts) {
  const seen = parts.map((part) => document.querySelector(part)).filter(isSeen);
  const target = seen.find((one) => isBeside(one, card)) ?? seen.at(-1);
  if (!target) return () => {};
  target.setAttribute("data-tour", "");
  const follow = () => standBeside(target, card);
  follow();
  // On a first visit the tokens come after the tour, and what it is about grows.
  const observer = new ResizeObserver(follow);
  observer.observe(target);
  addEventListener("resize", follow);
  addEventListener("scroll", follow, { capture: true, passive: true });
  return () => {
    observer.disconnect();
    removeEventListener("resize", follow);
    removeEventListener("scroll", follow, { capture: true });
    target.removeAttribute("data-tour");
  };
}

/**
 * Where the page scrolls, it is scrolled so that the part begins it: the card has the most room then.
 * @param {Element} part
 * @param {HTMLElement} card
 */
function isBeside(part, card) {
  part.scrollIntoView?.({ block: narrow.value ? "start" : "nearest" });
  standBeside(part, card);
  const [about, own] = [part.getBoundingClientRect(), card.getBoundingClientRect()];
  return own.left >= about.right || own.right <= about.left || own.top >= about.bottom || own.bottom <= about.top;
}

/**
 * @param {Element} part
 * @param {HTMLElement} card
 */
function standBeside(part, card) {
  const { left, top, right, bottom } = part.getBoundingClientRect();
  // What the text becomes stands beside it.
  const place = part.matches(".input") ? placeCard : placeBeside;
  stand(card, (size, room) => place({ left, top, right, bottom }, size, room, false));
}

/**
 * @param {Element | null} one
 * @returns {one is Element}
 */
function isSeen(one) {
  return one !== null && one.getBoundingClientRect().width > 0 && getComputedStyle(one).visibility !== "hidden";
}
