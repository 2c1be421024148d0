// Branches of a session: new ones, copies, names, and which one is active. Like all of the session,
// pure functions from a session to the next.

import { activeBranch } from "./session.js";

/** @import { Branch, BranchId, NewBranch, Session } from "../types/app" */

/** Longer names would push everything else out of their card. */
export const MOST_NAME = 60;

/**
 * @param {Session} session
 * @param {BranchId} id
 * @returns {Session}
 */
export function selectBranch(session, id) {
  const active = session.branches.findIndex((branch) => branch.id === id);
  return active < 0 || active === session.active ? session : { ...session, active };
}

/**
 * Appends branches; the first of them becomes active.
 * @param {Session} session
 * @param {NewBranch[]} added
 * @returns {Session}
 */
export function addBranches(session, added) {
  if (added.length === 0) return session;
  const branches = [...session.branches];
  for (const branch of added) branches.push({ ...branch, id: nextId(branches), name: branch.name === undefined ? nextName(branches) : freeName(branches, branch.name) });
  return { ...session, branches, active: session.branches.length };
}

/**
 * A copy with the completion, to go on in another way.
 * @param {Session} session
 * @returns {Session}
 */
export function fork(session) {
  return addBranches(session, [copyOf(activeBranch(session))]);
}

/**
 * A copy without the completion, to start over from the same text.
 * @param {Session} session
 * @returns {Session}
 */
export function duplicate(session) {
  return addBranches(session, [{ ...copyOf(activeBranch(session)), leaf: null }]);
}

/**
 * A blank name changes nothing.
 * @param {Session} session
 * @param {BranchId} id
 * @param {string} name
 * @returns {Session}
 */
export function renameBranch(session, id, name) {
  const next = name.trim().slice(0, MOST_NAME);
  const same = next === "" || session.branches.find((branch) => branch.id === id)?.name === next;
  if (same) return session;
  return { ...session, branches: session.branches.map((branch) => (branch.id === id ? { ...branch, name: next } : branch)) };
}

/**
 * The neighbour becomes active. The last branch stays: a session without one has no text to type into.
 * @param {Session} session
 * @param {BranchId} id
 * @returns {Session}
 */
export function deleteBranch(session, id) {
  const place = session.branches.findIndex((branch) => branch.id === id);
  if (place < 0 || session.branches.length === 1) return session;
  const branches = session.branches.filter((branch) => branch.id !== id);
  const active = session.active > place ? session.active - 1 : Math.min(session.active, branches.length - 1);
  return { ...session, branches, active };
}

/**
 * @param {Branch} branch
 * @returns {NewBranch}
 */
function copyOf({ id: _id, name: _name, ...rest }) {
  return rest;
}

/** @param {Branch[]} branches */
function nextId(branches) {
  return Math.max(0, ...branches.map((branch) => branch.id)) + 1;
}

/**
 * The name, or where it is taken the name and a number: a file may be opened beside what it was written from.
 * @param {Branch[]} branches
 * @param {string} name
 */
function freeName(branches, name) {
  const names = new Set(branches.map((branch) => branch.name));
  if (!names.has(name)) return name;
  let number = 2;
  while (names.has(`${name} (${number})`)) number += 1;
  return `${name} (${number})`;
}

/**
 * Input and a number, its place if that is free.
 * @param {Branch[]} branches
 */
function nextName(branches) {
  const names = new Set(branches.map((branch) => branch.name));
  let number = branches.length + 1;
  while (names.has(`Input ${number}`)) number += 1;
  return `Input ${number}`;
}
