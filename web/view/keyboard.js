// Keys that work wherever the focus is, except where keys already mean something. The help shows
// the same table that the keys are looked up in.

import { deleteLast, forceToken, forkBranch, redo, releaseHeat, startRenaming, step, toggleFinish, toggleKeep, togglePlay, undo } from "../state/actions.js";
import { endTour, openHelp } from "../state/learning.js";
import { guessFirst, guessing, leaveProjector, projecting, toggleChances, toggleGuess, toggleProjector } from "../state/projector.js";
import { closeKnobs } from "../state/knob_sheet.js";
import { drawerOpen, shown } from "../state/store.js";
import { largeEditor, view } from "../state/view_switch.js";
import { toggleLargeEditor } from "./constraint_editor.js";
import { hideHistory } from "./history_aim.js";
import { hideDetail } from "./row_detail.js";

/** Where a letter is text. */
const TEXT = "textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=range])";
/** Where arrows and letters have a meaning of their own. */
const FIELDS = "input, textarea, select, [contenteditable]";

/**
 * `keys` are the names that events give; `command` asks for Ctrl or Cmd as well. Where the focus
 * matches `except`, the key keeps its own meaning. `run` may return false: it had nothing to do.
 * @typedef {{ keys: string[], command?: boolean, shift?: boolean, label: string, does: string, except: string, run: (key: string) => unknown }} Shortcut
 */

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { keys: ["ArrowRight"], label: "→", does: "One step: the next token", except: FIELDS, run: () => void step() },
  { keys: ["ArrowLeft"], label: "←", does: "Delete the last token", except: FIELDS, run: deleteLast },
  { keys: [" "], label: "Space", does: "Play or pause", except: `${FIELDS}, button, a, summary, [role=button]`, run: togglePlay },
  { keys: ["f"], label: "F", does: "Finish: to the end as fast as it goes. Again: stop", except: FIELDS, run: toggleFinish },
  { keys: ["b"], label: "B", does: "Fork: a copy of this input with its completion", except: FIELDS, run: forkBranch },
  { keys: ["F2"], label: "F2", does: "Rename this input", except: "", run: () => view.value === "flow" && startRenaming() },
  { keys: ["z"], command: true, label: "Ctrl Z", does: "Undo the last edit", except: TEXT, run: undo },
  { keys: ["Z"], command: true, shift: true, label: "Ctrl Shift Z", does: "Do again what was undone", except: TEXT, run: redo },
  { keys: ["y"], command: true, label: "Ctrl Y", does: "The same", except: TEXT, run: redo },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], label: "1 … 9", does: "Force the candidate in that place", except: FIELDS, run: forcePlace },
  { keys: ["ArrowDown", "ArrowUp"], label: "↓ ↑", does: "Go to the candidates, and from one to the next", except: `${FIELDS}, button, a, summary, [role=button]`, run: focusFirstRow },
  { keys: ["k"], label: "K", does: "Keep the colours of an attribution, or let them go", except: TEXT, run: toggleKeep },
  { keys: ["p"], label: "P", does: "Projector: large type, only text, chances and controls", except: FIELDS, run: toggleProjector },
  { keys: ["g"], label: "G", does: "In the projector: guess first, with the chances hidden", except: FIELDS, run: () => projecting.value && toggleGuess() },
  { keys: ["r"], label: "R", does: "In the projector: show the chances, or hide them again", except: FIELDS, run: () => projecting.value && guessFirst.value && toggleChances() },
  { keys: ["PageDown"], label: "Page ↓", does: "In the projector, for a remote control: show the chances, then step", except: TEXT, run: goOn },
  { keys: ["e"], label: "E", does: "The constraint in a large editor, and back", except: FIELDS, run: () => !projecting.value && toggleLargeEditor() },
  { keys: ["?"], label: "?", does: "This help", except: TEXT, run: openHelp },
  { keys: ["Escape"], label: "Esc", does: "Close the card, take the colours away, leave the projector or the large editor", except: "", run: dismiss },
];

/** Keys that the focused element answers to, for the help. */
export const LOCAL_KEYS = [
  { label: "Enter", does: "On a candidate: force it. On a generated token: go to its alternatives" },
  { label: "Ctrl Enter", does: "In the text of a constraint: the large editor, and back" },
  { label: "Tab", does: "From one part of the page to the next" },
];

/** @param {Element | null} focus */
export function isText(focus) {
  return focus?.closest(TEXT) != null;
}

/** @param {Document} document */
export function listenToKeys(document) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    // Behind the drawer or a dialog nobody sees what a key does.
    if (drawerOpen.value || document.querySelector("dialog[open]")) return;
    const focus = event.target instanceof Element ? event.target : null;
    const shortcut = SHORTCUTS.find((one) => isMeant(one, event));
    if (!shortcut || (shortcut.except && focus?.closest(shortcut.except))) return;
    if (shortcut.run(event.key) !== false && event.key !== "Escape") event.preventDefault();
  });
}

/**
 * Shift is part of how some keys are typed, but not of arrows and letters.
 * @param {Shortcut} shortcut
 * @param {KeyboardEvent} event
 */
function isMeant({ keys, command = false, shift = false }, event) {
  const shifted = Boolean(event.shiftKey) && event.key !== "?";
  return keys.includes(event.key) && command === Boolean(event.ctrlKey || event.metaKey) && shift === shifted;
}

/** @param {string} digit */
function forcePlace(digit) {
  const row = shown.value?.dist?.tokens[Number(digit) - 1];
  if (!row) return false;
  void forceToken(row.id);
  return true;
}

function focusFirstRow() {
  const row = /** @type {HTMLElement | null} */ (document.querySelector('.rows button.row[tabindex="0"]'));
  row?.focus();
  return row !== null;
}

/** The one key of a remote control that presenters press. */
function goOn() {
  if (!projecting.value) return false;
  if (guessing.value) toggleChances();
  else void step();
  return true;
}

function dismiss() {
  // A card over it closes first.
  if (largeEditor.value && !document.querySelector("#history, #row-detail")) toggleLargeEditor();
  leaveProjector();
  closeKnobs();
  hideHistory();
  hideDetail();
  endTour();
  releaseHeat();
}
