// A view as a picture: copied, or saved where the clipboard refuses.

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { download } from "./files.js";
import { Icon } from "./icons.js";
import { lookOfPage, toPng } from "./picture_look.js";

/** @import { Look } from "../picture/svg.js" */
/** @typedef {{ svg: string, width: number, height: number }} Picture */

const SHOWN_MS = 2500;

/** @type {[string, (picture: Picture, name: string) => Promise<string>][]} */
const WAYS = [
  ["Copy as PNG", copyPng],
  ["Copy as SVG", copySvg],
  ["Save as PNG", savePng],
  ["Save as SVG", saveSvg],
];

/** @param {{ draw: (look: Look) => Promise<Picture | null>, name: string, what: string }} props `name` is that of a file, `what` says what is drawn */
export function PictureButton({ draw, name, what }) {
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState("");
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const timer = setTimeout(() => setOutcome(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const close = () => {
    setOpen(false);
    if (place.current?.contains(document.activeElement)) place.current.querySelector("button")?.focus();
  };
  const take = async (/** @type {(picture: Picture, name: string) => Promise<string>} */ way) => {
    close();
    try {
      const picture = await draw(lookOfPage());
      setOutcome(picture ? await way(picture, `tokenscope-${name}`) : "Nothing to draw yet");
    } catch (error) {
      setOutcome(error instanceof Error ? error.message : String(error));
    }
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    close();
  };
  const leave = (/** @type {EventTarget | null} */ to) => to instanceof Node && !place.current?.contains(to) && setOpen(false);
  useEffect(() => {
    // A press takes the focus off what it pressed, so the focus alone would not tell.
    const onPress = (/** @type {PointerEvent} */ event) => leave(event.target);
    if (open) document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, [open]);
  return html`
    <span class="picture" ref=${place} onKeyDown=${onKeyDown} onFocusOut=${(/** @type {FocusEvent} */ event) => leave(event.relatedTarget)}>
      <button type="button" class="icon-button" aria-expanded=${open} aria-label=${`${what} as a picture`} title=${`Copy or save ${what.toLowerCase()} as a picture`} onClick=${() => setOpen(!open)}>${h(Icon, { name: "picture" })}</button>
      ${open && html`<span class="picture-menu" role="group" aria-label=${`${what} as a picture`}>${WAYS.map(([label, way]) => html`<button type="button" key=${label} class="button button-small" onClick=${() => void take(way)}>${label}</button>`)}</span>`}
      <span class=${outcome ? "picture-menu picture-outcome" : "sr-only"} aria-live="polite">${outcome}</span>
    </span>
  `;
}

/**
 * @param {Picture} picture
 * @param {string} name
 */
async function copyPng(picture, name) {
  const png = toPng(picture);
  try {
    // The drawing is promised: browsers that allow this only at a press would refuse it later.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    return "Copied";
  } catch {
    return `${await savePng(picture, name)}: copying is not allowed here`;
  }
}

/**
 * @param {Picture} picture
 * @param {string} name
 */
async function copySvg(picture, name) {
  try {
    await navigator.clipboard.writeText(picture.svg);
    return "Copied as text";
  } catch {
    return `${await saveSvg(picture, name)}: copying is not allowed here`;
  }
}

/**
 * @param {Picture} picture
 * @param {string} name
 */
async function savePng(picture, name) {
  download({ name: `${name}.png`, type: "image/png", content: await toPng(picture) });
  return "Saved";
}

/**
 * @param {Picture} picture
 * @param {string} name
 */
async function saveSvg({ svg }, name) {
  download({ name: `${name}.svg`, type: "image/svg+xml", content: svg });
  return "Saved";
}
