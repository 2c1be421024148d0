// Runs one check. It names the items of the list of behaviours that it covers; a test compares these
// names with the table in README.md, so that none is left out.

/**
 * @param {string} items as "B13 B16"; README.md says what they are
 * @param {string} what the check shows
 * @param {() => Promise<unknown>} act throws if it does not
 */
export async function check(items, what, act) {
  try {
    await act();
  } catch (error) {
    throw new Error(`${items}, "${what}": ${error instanceof Error ? error.message : error}`);
  }
  console.log(`  ${what} (${items})`);
}
