// Completions and the model that wrote them: what goes off its input when another model answers, and
// what comes back with the old one. Pure.

/** @import { Branch, Moment, Session } from "../types/app" */

/** The edit's name in the history, by which completions that it took away are found again. */
export const MODEL_CHANGE = "change of the model";

/**
 * For another model: token ids mean something else there, so completions that it did not write go
 * off their branches. Their nodes stay, for undo and for the day their model answers again.
 * @param {Session} session
 * @param {string} model
 * @returns {Session}
 */
export function dropForeign(session, model) {
  return changeBranches(session, (branch) => (branch.leaf !== null && !wrote(session, model, branch) ? { ...branch, leaf: null } : branch));
}

/**
 * Puts the completions of a model back where a change of the model took them away, unless the input has
 * another text or completion since.
 * @param {Session} session
 * @param {readonly Moment[]} past
 * @param {string} model
 * @returns {Session}
 */
export function bringBack(session, past, model) {
  return changeBranches(session, (branch) => {
    if (branch.leaf !== null) return branch;
    const then = (/** @type {Moment} */ moment) => moment.branches.find((one) => one.id === branch.id && wrote(session, model, one));
    // What people took away themselves was there later than what the change took.
    const moment = past.findLast(then);
    const before = moment?.label === MODEL_CHANGE ? then(moment) : undefined;
    if (!before || before.prompt !== branch.prompt || before.system !== branch.system) return branch;
    return { ...branch, leaf: before.leaf, use_template: before.use_template };
  });
}

/**
 * Templates belong to models. A completion stays with the text that it continues.
 * @param {Session} session
 * @returns {Session}
 */
export function resetTemplates(session) {
  return changeBranches(session, (branch) => (branch.leaf === null && !branch.use_template ? { ...branch, use_template: true } : branch));
}

/**
 * @param {Session} session
 * @param {string} model
 * @param {Branch} branch
 */
function wrote(session, model, { leaf }) {
  return leaf !== null && session.nodes[leaf]?.model === model;
}

/**
 * @param {Session} session
 * @param {(branch: Branch) => Branch} change
 * @returns {Session}
 */
function changeBranches(session, change) {
  const branches = session.branches.map(change);
  return branches.every((branch, index) => branch === session.branches[index]) ? session : { ...session, branches };
}
