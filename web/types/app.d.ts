// Types of the page itself: what it remembers and what it shows. The server's words are in wire.d.ts.

import type { Pair } from "../lib/pair_rows.js";
import type { AttributionProgress, AttributionScores, AttributionSoFar, CheckResponse, ChoiceScore, ConstraintParams, Distribution, GrammarDebug, TokenPill } from "./wire";

export type Params = {
  greedy: boolean;
  temperature: number;
  top_p: number;
  repetition_penalty: number;
  presence_penalty: number;
  frequency_penalty: number;
  seed: number | null;
  stop_sequences: string[];
  nucleus_rule: "standard" | "seed";
  penalty_scope: "all" | "completion" | "no_specials";
  /** Id of the preset these values came from, "custom" once one of them was edited. */
  preset: string;
};

/** The parameters that are one number each. */
export type NumberParam =
  | "temperature" | "top_p" | "repetition_penalty" | "presence_penalty" | "frequency_penalty";

export type Origin = "sampled" | "greedy" | "forced:token" | "forced:text" | "forced:overlay" | "forced:past_end";

export type NodeId = number;
export type BranchId = number;

/** One token of a completion. Nodes never change; branches point at them. */
export type TokenNode = {
  id: NodeId;
  /** The token before this one, null for the first token of a completion. */
  parent: NodeId | null;
  token: TokenPill;
  /** Id of the model that the token belongs to. Its number means something else to any other. */
  model: string;
  origin: Origin;
  /** Settings that were in force when the token was picked. */
  params: Params;
  constraint: ConstraintParams | null;
  /** The distribution this token was picked from. */
  dist: Distribution | null;
  /** The seed that drew the token, null where no chance was involved. */
  seed_used: number | null;
  /** Why the server said that the run ends here, or null. */
  stop_reason: string | null;
};

export type NewToken = Omit<TokenNode, "id" | "parent">;

export type Branch = {
  id: BranchId;
  name: string;
  prompt: string;
  system: string;
  use_template: boolean;
  leaf: NodeId | null;
  params: Params;
};

/** Without a name it gets the next free one. */
export type NewBranch = Omit<Branch, "id" | "name"> & { name?: string };

export type Session = {
  version: 1;
  nodes: Record<NodeId, TokenNode>;
  branches: Branch[];
  /** Index into branches. */
  active: number;
};

/** What an edit changes of a session. `label` names the edit, `run` those that are undone together. */
export type Moment = Pick<Session, "branches" | "active"> & { label: string; run: string | null };

/** The last moment is the nearest, in both directions. */
export type History = { past: Moment[]; future: Moment[] };

/** A session in the browser's database; its nodes stand beside it. */
export type KeptSession = Pick<Session, "branches" | "active"> & {
  id: string;
  /** Milliseconds since 1970. */
  changed: number;
  history: History;
};

export type KeptSummary = Pick<KeptSession, "id" | "changed"> & { inUse: boolean; inputs: number; prompt: string };

export type SessionDatabase = {
  list: () => Promise<KeptSession[]>;
  read: (id: string) => Promise<{ kept: KeptSession; nodes: TokenNode[] } | null>;
  write: (kept: KeptSession, nodes: { added: TokenNode[]; removed: NodeId[] }) => Promise<void>;
  remove: (id: string) => Promise<void>;
};

/** The place in a session that an answer belongs to. */
export type Place = {
  branch: BranchId;
  prompt: string;
  system: string;
  use_template: boolean;
  leaf: NodeId | null;
};

/** The tokens of a prompt, the text that they are the tokens of, and what was done to it first. */
export type Input = { place: Place; tokens: TokenPill[]; note: string | null };

/** What the distribution column shows. */
export type Shown = {
  place: Place;
  dist: Distribution | null;
  /** What the grammar does there; absent while no constraint is on. */
  grammar?: GrammarDebug | null;
  /** Set for a moment after a step: the row that was picked. */
  chosen: number | null;
  /** Why there is no distribution, in the server's words. */
  failure: Failure | null;
  /** A slider was held when it was asked for. */
  byHand?: boolean;
};

export type Failure = {
  detail: string;
  hint: string;
  /** The server's name for it. */
  code?: string;
  /** The token of the completion that it is about, from 0. */
  tokenIndex?: number;
  /** Where the step was refused. A preview of that place works all the same and disproves nothing. */
  place?: Place;
};

export type Theme = "auto" | "light" | "dark";

export type ServerState = "unknown" | "ok" | "error";

/** How a step ended: only "ok" lets playback go on. */
export type StepOutcome = "ok" | "done" | "failed" | "refused" | "superseded";

/** One way to force tokens instead of sampling. */
export type Force = { force_token_id: number } | { force_text: string } | { force_token_ids: number[] } | null;

/** What the constraint editor holds. */
export type ConstraintTexts = {
  kind: string;
  /** The text of each kind that has had one. */
  texts: Record<string, string>;
  /** The text is one that another program left, which had a single text for all kinds. */
  carried: boolean;
  /** The text of each kind that an example has taken the place of. */
  replaced?: Record<string, string>;
};

/** What the server said about a constraint; `key` says which one. */
export type ConstraintCheck = { key: string; answer: CheckResponse };

/** How probable each option is as a whole; `key` is the question that this answers. */
export type Comparison = { key: string; choices: ChoiceScore[]; failure: Failure | null };

/** The next token at the end of one of two inputs, or why there is none. */
export type NextSide = { dist: Distribution | null; failure: Failure | null };

/**
 * What two inputs would write next. `key` is the question that this answers, `about` its texts alone: what
 * knobs change may be looked at until the new answer is there.
 */
export type NextPair = { key: string; about: string; sides: NextSide[]; pair: Pair | null };

/** What an attribution explains: a token for this place of the completion, generated or a candidate. */
export type Target = { index: number; id: number; display: string };

/** The other candidate in "why this rather than that". */
export type Contrast = { id: number; display: string };

/** A line before the answer: how far it is, and what has been found, if the server says so. */
export type AttributionLine = AttributionProgress & Partial<AttributionSoFar>;

/** An attribution on the page. */
export type Heat = {
  /** The model and the request that it answers. */
  key: string;
  target: Target;
  contrast: Contrast | null;
  answer: AttributionScores;
  /** The server has sent this on its way to the answer, which will be another one. */
  soFar: boolean;
  /** From how many points of a path that was; null where there is no path, or its last rule. */
  points: number | null;
  /** What the first token had, where it is left out and `answer` has shares of the rest; else null. */
  sink: number | null;
};

/** The attributions of all generated tokens, as far as they have come. */
export type Matrix = {
  /** The tokens they are about: the prompt's, then the completion's. */
  tokens: TokenPill[];
  /** How many rows will come; null before the server says so. */
  expected: number | null;
  /** `position` is the target's place in `tokens`. */
  rows: { position: number; answer: AttributionScores; contrast: Contrast | null }[];
  failure: Failure | null;
};

/** An attribution that takes long enough for people to wonder; progress is from 0 to 1. */
export type AttributionWork = { target: Target; progress: number };

/** A run of tokens with one score; `without` is what the quantity becomes if they are taken out. */
export type HeatPart = { start: number; end: number; score: number; without: number | null };

/** How one token is painted: its part's score and number of tokens, and a strength from 0 to 1. */
export type HeatCell = { score: number; strength: number; against: boolean; without: number | null; size: number };

export type Point = { x: number; y: number };
export type Box = { left: number; top: number; right: number; bottom: number };
export type Wire = { d: string; opacity: number };

declare global {
  interface Window {
    /** What e2e/long_text.mjs measures, in milliseconds. */
    __steps: number[];
    __use: { field: number; tokens: number };
    __tasks: number[];

    /** What e2e/finish.mjs measures, in milliseconds. */
    __finish: { begin: () => void; end: () => { frames: number[]; lengths: number; steps: number; requests: number; ms: number } };
    __drag: { begin: () => Promise<void>; end: () => Drag };
  }
  type Drag = { inputs: number[]; frames: number[]; lags: number[]; asks: number[]; parses: number[]; answers: number; paints: number; inFlight: number };
}
