// What the page knows, as signals. No fetch and no DOM in here: actions change these values,
// views read them.

import { computed, signal } from "@preact/signals";
import { isEqual, isSame } from "../lib/same.js";
import { DEFAULT_PARAMS } from "./params.js";
import { NO_HISTORY } from "./history.js";
import { activeBranch, completionOf, createSession, isOnPath, lastNode, placeOf, samePlace, stopReason } from "./session.js";

/** @import { AttributionOptions, Catalog, LoadProgress, ModelStatus } from "../types/wire" */
/** @import { Branch, AttributionWork, BranchId, Comparison, ConstraintCheck, ConstraintTexts, Contrast, Failure, Heat, Input, KeptSummary, Matrix, NextPair, Session, ServerState, Shown, Theme, TokenNode } from "../types/app" */

export const DEFAULT_MODEL = "Qwen/Qwen2.5-0.5B-Instruct";
/** What a first visit shows where the model has no example of its own. */
export const DEFAULT_PROMPT = "The capital of France is";
/** The message that a new input starts with. */
export const DEFAULT_SYSTEM = "You are a helpful assistant.";
export const DEFAULT_ROWS = 10;
export const DEFAULT_SPEED_MS = 650;

// The server.
export const status = signal(/** @type {ModelStatus | null} */ (null));
export const catalog = signal(/** @type {Catalog | null} */ (null));
export const server = signal(/** @type {ServerState} */ ("unknown"));

// What people typed and chose.
export const session = signal(
  /** @type {Session} */ (
    // Which text a first visit begins with depends on the model. Until that is known there is none, rather than one that is replaced.
    createSession({ prompt: "", system: DEFAULT_SYSTEM, params: DEFAULT_PARAMS })
  ),
);
/** What undo and redo go back and forth to. */
export const history = signal(NO_HISTORY);
/** The model that the server's answers come from, "" before the first. */
export const tokenOwner = signal("");
/** The parameters that were edited last: those of a new input. */
export const latestParams = signal(DEFAULT_PARAMS);
export const modelField = signal(DEFAULT_MODEL);
/** The last id that was loaded from this page, "" before the first. */
export const savedModel = signal("");
export const rows = signal(DEFAULT_ROWS);
export const speedMs = signal(DEFAULT_SPEED_MS);
/** Play takes no pause between steps. The speed above stays as it is for the time after. */
export const fullSpeed = signal(false);
/** After how many tokens Play stops; null goes on to the end. */
export const maxTokens = signal(/** @type {number | null} */ (null));
export const llmEnabled = signal(true);
export const decodingCollapsed = signal(false);
export const stepSpeedCollapsed = signal(true);
export const attributionCollapsed = signal(true);
export const attributionMethod = signal("off");
/** Options that were changed. Which of them count depends on the method. */
export const attributionOptions = signal(/** @type {AttributionOptions} */ ({}));
/** The candidate to compare with; null means the likeliest other one. */
export const contrast = signal(/** @type {Contrast | null} */ (null));
export const constraintOn = signal(false);
export const constraintCollapsed = signal(true);
export const constraintTexts = signal(/** @type {ConstraintTexts} */ ({ kind: "multiple_choice", texts: {}, carried: false }));
export const constraintWhitespace = signal(/** @type {"single" | "flexible"} */ ("single"));
/** By branch, the token after which the grammar was told to begin to count; null means from the start. */
export const constraintAnchors = signal(/** @type {Record<BranchId, TokenNode | null>} */ ({}));
export const grammarCollapsed = signal(false);
/** Tokens whose numbers are asked for wherever they rank. */
export const probes = signal(/** @type {number[]} */ ([]));
export const promptCollapsed = signal(false);
export const theme = signal(/** @type {Theme} */ ("auto"));
export const drawerOpen = signal(false);

// What the last answers said.
export const input = signal(/** @type {Input | null} */ (null));
export const shown = signal(/** @type {Shown | null} */ (null));
/** The last check of a constraint, whether it is the one in the editor or not. */
export const constraintCheck = signal(/** @type {ConstraintCheck | null} */ (null));
export const comparison = signal(/** @type {Comparison | null} */ (null));
/** The last answer about two inputs, whether they are the ones on screen or not. */
export const nextPair = signal(/** @type {NextPair | null} */ (null));
export const elapsedMs = signal(/** @type {number | null} */ (null));

/** The last attribution, whether it is still about what is on screen or not. */
export const painted = signal(/** @type {Heat | null} */ (null));

// What is going on.
/** The heat stays where it is while the pointer moves. */
export const heatKept = signal(false);
export const attributionWork = signal(/** @type {AttributionWork | null} */ (null));
/** Set while all attributions are on screen. */
export const matrix = signal(/** @type {Matrix | null} */ (null));
/** Something that people have to know once, whatever else goes on; "" is nothing. */
export const notice = signal("");
/** The dialog that saves and opens sessions is there. */
export const sessionsOpen = signal(false);
/** Why the last file could not be opened. */
export const importFailure = signal(/** @type {Failure | null} */ (null));
/** Other sessions that this browser keeps. */
export const keptSessions = signal(/** @type {KeptSummary[]} */ ([]));
/** The name of the active branch is a field. */
export const renaming = signal(false);
/** The prompt library is open. */
export const libraryOpen = signal(false);
export const attributionFailure = signal(/** @type {Failure | null} */ (null));
export const playing = signal(false);
/** Play is on its way to the end, as fast as it goes. */
export const finishing = signal(false);
export const stepping = signal(false);
/** How the last run at full speed went; null where the last step was one of its own. */
export const pace = signal(/** @type {{ perSecond: number, perDrawing: number } | null} */ (null));
export const comparing = signal(false);
export const busy = signal(false);
/** An answer takes long enough for people to wonder. Stays until there is one. */
export const slow = signal(false);
export const message = signal("");
export const failure = signal(/** @type {Failure | null} */ (null));
/** Why the last load did not even begin; of one that failed later the status tells. */
export const loadFailure = signal(/** @type {Failure | null} */ (null));

export const branch = computed(() => activeBranch(session.value));
/** The active branch and all of them, without parameters: what is about texts stays as it is while a knob moves. */
export const branchText = steady(() => textOf(branch.value), isEqual);
export const branchTexts = steady(() => session.value.branches.map(textOf), isEqual);
export const greedy = computed(() => branch.value.params.greedy);
export const completion = steady(() => completionOf(session.value), isSame);
export const stopped = computed(() => stopReason(session.value));
/** The model that wrote the completion, if that is another one than the one that answers, else null. */
export const foreign = computed(() => {
  const { model = tokenOwner.value } = lastNode(session.value) ?? {};
  return tokenOwner.value === "" || model === tokenOwner.value ? null : model;
});
export const ready = computed(() => server.value !== "error" && status.value?.ready === true);
export const load = computed(() => /** @type {LoadProgress | null} */ (status.value?.load ?? null));
export const hasTemplate = computed(() => status.value?.has_chat_template === true);
/** Two labelled fields (system, user) or one. */
export const templateInUse = computed(() => hasTemplate.value && branch.value.use_template);

/** The chosen method as the server describes it; null if attribution is off or cannot be had. */
export const method = computed(() => catalog.value?.attribution.methods.find((one) => one.id === attributionMethod.value) ?? null);

export const promptTokens = computed(() => input.value?.tokens ?? []);
/** The seed that drew the last token of the completion. */
export const seedUsed = computed(() => lastNode(session.value)?.seed_used ?? null);
/** What is on screen is not about the text as it is now. The picked row of the last step is. */
const outdated = computed(() => {
  if (!shown.value) return false;
  const { place, chosen } = shown.value;
  if (samePlace(place, placeOf(session.value))) return false;
  return chosen === null || !isOnPath(session.value, place);
});
/** The model reads another text than the one on screen, and takes its time. */
export const stale = computed(() => slow.value && outdated.value);
export const reading = computed(() => stale.value || (slow.value && !shown.value?.dist));

/** @param {Branch} branch */
function textOf({ params: _params, ...text }) {
  return text;
}

/**
 * A computed value that stays the one it was as long as a new one is the same.
 * @template T
 * @param {() => T} read
 * @param {(a: T, b: T) => boolean} same
 */
function steady(read, same) {
  let last = /** @type {T | undefined} */ (undefined);
  return computed(() => {
    const next = read();
    return (last = last !== undefined && same(last, next) ? last : next);
  });
}
