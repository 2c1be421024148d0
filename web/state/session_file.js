// A session as a file, and back. Files come from anywhere: nothing of one is used before all of it
// has the right shape. Pure.

import { flag, list, number, object, oneOf, orElse, orNull, record, ShapeError, text, whole } from "../lib/shape.js";
import { addBranches } from "./branches.js";
import { dropUnreachable, NO_HISTORY } from "./history.js";
import { lastNodeId } from "./session.js";

/** @import { Shape } from "../lib/shape.js" */
/** @import { ConstraintParams, Distribution, DistributionRow, RawFavourite, StageSummary, TokenPill } from "../types/wire" */
/** @import { Branch, Params, Session, TokenNode } from "../types/app" */

const FORMAT = "tokenscope-session";

/** Characters of a file; far more than anyone steps through, and less than what stops a browser. */
export const MOST_CHARACTERS = 128 * 1024 * 1024;
const MOST_NODES = 200_000;
const MOST_BRANCHES = 500;
const MOST_TEXT = 1_000_000;
const MOST_ROWS = 50;

const name = text(500);
const scalar = (/** @type {unknown} */ value, /** @type {string} */ place) => (typeof value === "number" ? number : typeof value === "boolean" ? flag : orNull(text(1000)))(value, place);

const pill = { id: whole(0), text: text(10_000), display: text(10_000), special: flag };

/** @type {Shape<TokenPill>} */
const token = object(pill);

const rowFields = {
  ...pill, p_base: number, p_final: number, kept: flag, valid: flag, logit: number, rank_base: whole(1), rank_final: orNull(whole(1)),
  cut_by: orNull(name), after: list(number, 32),
};

/** @type {Shape<DistributionRow>} */
const row = object(rowFields);

/** @type {Shape<RawFavourite>} */
const favourite = object({ ...rowFields, sunk_by: orNull(name) });

/** @type {Shape<StageSummary>} */
const stage = object({ id: name, label: name, knobs: record(scalar), kept: whole(0), removed_mass: number, entropy_bits: number });

/** @type {Shape<Distribution>} */
const distribution = object({
  top_k: whole(0), tokens: list(row, MOST_ROWS), other_p_base: number, other_p_final: number, kept_token_count: whole(0),
  raw_top: orElse(list(favourite, MOST_ROWS), []), probes: list(row, MOST_ROWS), constraint_active: flag, constraint_type: orNull(name), legal_mass: orNull(number), stages: list(stage, 32),
});

/** @type {Shape<Params>} */
const params = object({
  greedy: flag, temperature: number, top_p: number, repetition_penalty: number, presence_penalty: number, frequency_penalty: number,
  seed: orNull(whole(Number.MIN_SAFE_INTEGER)), stop_sequences: list(text(10_000), 100), nucleus_rule: oneOf(/** @type {const} */ (["standard", "seed"])),
  penalty_scope: oneOf(/** @type {const} */ (["all", "completion", "no_specials"])), preset: name,
});

/** Every field of it is optional. @type {Shape<ConstraintParams>} */
const constraint = (value, place) => {
  const shapes = { enabled: flag, type: name, schema: text(MOST_TEXT), schema_text: text(MOST_TEXT), whitespace: oneOf(/** @type {const} */ (["single", "flexible"])), anchor: whole(0) };
  const given = Object.entries(shapes).filter(([field]) => /** @type {any} */ (value)?.[field] !== undefined);
  return object(Object.fromEntries(given))(value, place);
};

/** @type {Shape<TokenNode>} */
const node = object({
  id: whole(1), parent: orNull(whole(1)), token, model: name,
  origin: oneOf(/** @type {const} */ (["sampled", "greedy", "forced:token", "forced:text", "forced:overlay", "forced:past_end"])),
  params, constraint: orNull(constraint), dist: orNull(distribution),
  seed_used: orNull(whole(Number.MIN_SAFE_INTEGER)), stop_reason: orNull(name),
});

/** @type {Shape<Branch>} */
const branch = object({
  id: whole(1), name, prompt: text(MOST_TEXT), system: text(MOST_TEXT), use_template: flag, leaf: orNull(whole(1)), params,
});

const file = object({ nodes: list(node, MOST_NODES), branches: list(branch, MOST_BRANCHES), active: whole(0) });

/**
 * Tokens that were deleted are not in the file: it shows what is on screen.
 * @param {Session} session
 */
export function writeSession(session) {
  const { nodes, branches, active } = dropUnreachable(session, NO_HISTORY);
  return JSON.stringify({ format: FORMAT, version: session.version, nodes: Object.values(nodes), branches, active });
}

/**
 * Throws a ShapeError that says what is wrong.
 * @param {string} written
 * @returns {Session}
 */
export function readSession(written) {
  if (written.length > MOST_CHARACTERS) throw new ShapeError(`The file is larger than ${MOST_CHARACTERS / 1024 / 1024} MB.`);
  const value = parse(written);
  if (value?.format !== FORMAT) throw new ShapeError("This is no session of Tokenscope.");
  if (value.version !== 1) throw new ShapeError(`The file has version ${JSON.stringify(value.version)}. This Tokenscope reads version 1: a newer one may read it.`);
  return checkedSession(value);
}

/**
 * @param {unknown} value
 * @returns {Session}
 */
export function checkedSession(value) {
  const { nodes: written, branches, active } = file(value, "");
  if (branches.length === 0) throw new ShapeError("branches has no entry.");
  if (active >= branches.length) throw new ShapeError(`active is ${active}, and there are ${branches.length} branches.`);
  const nodes = /** @type {Session["nodes"]} */ ({});
  for (const [index, one] of written.entries()) {
    if (nodes[one.id]) throw new ShapeError(`nodes[${index}].id is ${one.id}, as is that of another node.`);
    // Parents that are older than their children can make no circle.
    if (one.parent !== null && (one.parent >= one.id || !nodes[one.parent])) throw new ShapeError(`nodes[${index}].parent is ${one.parent}, and should be a node before it with a smaller id.`);
    nodes[one.id] = one;
  }
  for (const [index, { leaf }] of branches.entries())
    if (leaf !== null && !nodes[leaf]) throw new ShapeError(`branches[${index}].leaf is ${leaf}, and there is no such node.`);
  return { version: 1, nodes, branches, active };
}

/**
 * The branches of another session beside those of this one. The active one of the other becomes active.
 * @param {Session} session
 * @param {Session} other
 * @returns {Session}
 */
export function addSession(session, other) {
  const shift = lastNodeId(session);
  const shifted = (/** @type {number | null} */ id) => (id === null ? null : id + shift);
  const nodes = { ...session.nodes };
  for (const one of Object.values(other.nodes)) nodes[one.id + shift] = { ...one, id: one.id + shift, parent: shifted(one.parent) };
  const added = addBranches({ ...session, nodes }, other.branches.map((one) => ({ ...one, leaf: shifted(one.leaf) })));
  return { ...added, active: session.branches.length + other.active };
}

/**
 * @param {string} written
 * @returns {any}
 */
function parse(written) {
  try {
    return JSON.parse(written);
  } catch (error) {
    throw new ShapeError(`The file is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}
