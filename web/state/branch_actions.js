// The verbs of branches and of their history.

import { batch } from "@preact/signals";
import * as branches from "./branches.js";
import { change, interrupt, settle } from "./changes.js";
import { anchorNow, copyAnchor, tellLostAnchor } from "./constraint_anchor.js";
import { edit } from "./edits.js";
import * as histories from "./history.js";
import { moveLeaf } from "./session.js";
import * as store from "./store.js";

/** @import { Branch, BranchId, NodeId } from "../types/app" */

/**
 * Going somewhere is no edit, and nothing that can be undone.
 * @param {BranchId} id
 */
export function selectBranch(id) {
  const next = branches.selectBranch(store.session.value, id);
  if (next === store.session.value) return;
  store.renaming.value = false;
  interrupt();
  store.session.value = next;
  settle();
}

/** An empty text with the usual system message and the latest parameters. */
export function newInput() {
  const system = store.DEFAULT_SYSTEM;
  const params = store.latestParams.value;
  change("new input", (session) => branches.addBranches(session, [{ prompt: "", system, use_template: true, leaf: null, params }]));
}

export function forkBranch() {
  const { id, name: from } = store.branch.value;
  change("fork", branches.fork);
  copyAnchor(id, store.branch.value.id);
  const until = store.stopped.value === null ? "" : " Delete its last token to go on in another way.";
  store.message.value = `${store.branch.value.name} is a fork of ${from}.${until}`;
}

export function duplicateBranch() {
  const from = store.branch.value.name;
  change("duplicate", branches.duplicate);
  store.message.value = `${store.branch.value.name} has the text of ${from}, without the completion.`;
}

/**
 * Back to a path of the present text that was left; what is there now is left in turn.
 * @param {NodeId} leaf
 */
export function returnTo(leaf) {
  change("return to what was left", (session) => moveLeaf(session, leaf));
}

/**
 * A path that was left, as an input of its own, with the settings that its end was picked with.
 * @param {NodeId} leaf
 * @param {Pick<Branch, "prompt" | "system" | "use_template">} text
 */
export function openPath(leaf, { prompt, system, use_template }) {
  const params = store.session.value.nodes[leaf]?.params ?? store.latestParams.value;
  change("opening of a path", (session) => branches.addBranches(session, [{ prompt, system, use_template, leaf, params }]));
}

export function deleteBranch() {
  const { id, name } = store.branch.value;
  if (change("deletion of an input", (session) => branches.deleteBranch(session, id))) store.message.value = `${name} was deleted. Undo brings it back.`;
}

export function startRenaming() {
  store.renaming.value = true;
  return true;
}

/** @param {string | null} name null keeps the one it has */
export function endRenaming(name) {
  store.renaming.value = false;
  if (name !== null) edit("renaming", (session) => branches.renameBranch(session, store.branch.value.id, name));
}

export function undo() {
  travel(histories.undo, "Undone");
}

export function redo() {
  travel(histories.redo, "Done again");
}

/**
 * @param {typeof histories.undo} how
 * @param {string} done
 */
function travel(how, done) {
  const result = how(store.history.value, store.session.value);
  if (!result) return;
  interrupt();
  const anchor = anchorNow();
  batch(() => {
    store.history.value = result.history;
    store.session.value = result.session;
    store.message.value = `${done}: ${result.label}.`;
  });
  tellLostAnchor(anchor);
  settle();
}
