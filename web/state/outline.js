// The tokens of a session as a tree: one root for each text, runs of tokens between the places where
// paths part, and the branches at their ends. Pure.

import { completionOf } from "./session.js";

/** @import { Branch, NodeId, Session, TokenNode } from "../types/app" */

/** @typedef {{ nodes: TokenNode[], ends: Branch[], ways: Run[] }} Run `ends` are the branches that end with the run */
/** @typedef {{ prompt: string, system: string, use_template: boolean, ends: Branch[], ways: Run[] }} Root */

/**
 * Paths that were left are in it, too, as runs at whose end is no branch; those that began with
 * another first token are not, since nobody knows which text they followed.
 * @param {Session} session
 * @returns {Root[]}
 */
export function outlineOf(session) {
  const next = new Map(/** @type {[NodeId, TokenNode[]][]} */ ([]));
  for (const node of Object.values(session.nodes)) if (node.parent !== null) append(next, node.parent, node);
  const ending = new Map(/** @type {[NodeId, Branch[]][]} */ ([]));
  for (const branch of session.branches) if (branch.leaf !== null) append(ending, branch.leaf, branch);

  const roots = new Map(/** @type {[string, Branch[]][]} */ ([]));
  for (const branch of session.branches) append(roots, JSON.stringify([branch.prompt, branch.system, branch.use_template]), branch);
  return [...roots.values()].map((branches) => {
    const firsts = new Set(branches.flatMap(({ leaf }) => completionOf(session, leaf).slice(0, 1)));
    const { prompt, system, use_template } = /** @type {Branch} */ (branches[0]);
    const mine = new Set(branches);
    return { prompt, system, use_template, ends: branches.filter(({ leaf }) => leaf === null), ways: [...firsts].map((node) => runFrom(node, mine)) };
  });

  /**
   * Branches of another text may share tokens: an edit of the template keeps the completion.
   * @param {TokenNode} first
   * @param {Set<Branch>} mine
   * @returns {Run}
   */
  function runFrom(first, mine) {
    const top = /** @type {Run} */ ({ nodes: [first], ends: [], ways: [] });
    const open = [top];
    // A loop, because a path may be longer than a stack is deep.
    for (let run = open.pop(); run; run = open.pop()) {
      for (;;) {
        const last = /** @type {TokenNode} */ (run.nodes.at(-1));
        const after = next.get(last.id) ?? [];
        run.ends = (ending.get(last.id) ?? []).filter((branch) => mine.has(branch));
        if (after.length === 1 && run.ends.length === 0) run.nodes.push(/** @type {TokenNode} */ (after[0]));
        else {
          run.ways = after.map((node) => ({ nodes: [node], ends: [], ways: [] }));
          open.push(...run.ways);
          break;
        }
      }
    }
    return top;
  }
}

/**
 * @template K, V
 * @param {Map<K, V[]>} map
 * @param {K} key
 * @param {V} value
 */
function append(map, key, value) {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
