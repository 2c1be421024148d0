// Where the session stands in an exported page.

export const DATA = '<script type="application/json" id="session">';

/**
 * The session inside such a page as a session file, or null if this is no such page.
 * @param {string} page
 */
export function sessionIn(page) {
  const start = page.indexOf(DATA);
  return start < 0 ? null : page.slice(start + DATA.length, page.indexOf("</script>", start));
}
