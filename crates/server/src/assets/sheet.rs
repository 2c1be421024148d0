//! The page's style sheets as one, in the order in which `main.css` imports them.

use super::script::Source;

/// Joins the sheets that `entry` lists, one `@import "./PATH";` a line; it has nothing else but
/// comments of one line. The sheets themselves import nothing and load nothing.
///
/// # Errors
/// Which line or sheet cannot be joined, and why.
pub(super) fn join(entry: &str, source: &Source<'_>) -> Result<String, String> {
    let list = source(entry).ok_or_else(|| format!("{entry} is not there."))?;
    let mut joined = String::new();
    for (index, line) in list.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with("/*") && line.ends_with("*/") {
            continue;
        }
        let path = line.strip_prefix("@import \"./").and_then(|rest| rest.strip_suffix("\";"));
        let path = path.ok_or_else(|| {
            format!("{entry}:{}: expected @import \"./PATH\"; and found {line}", index + 1)
        })?;
        let sheet =
            source(path).ok_or_else(|| format!("{entry}:{}: {path} is not there.", index + 1))?;
        // At another place, or in the midst of a sheet, these would mean something else.
        for word in ["@import", "@charset", "@namespace", "url("] {
            if sheet.contains(word) {
                return Err(format!("{path}: a sheet that is joined cannot have {word}."));
            }
        }
        joined.push_str(&sheet);
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_joined_in_their_order_or_refused() {
        let files = [
            ("two.css", "/* Order. */\n\n@import \"./b.css\";\n@import \"./a.css\";\n"),
            ("a.css", "a {}\n"),
            ("b.css", "b {}\n"),
            ("media.css", "@import \"./a.css\" print;"),
            ("rule.css", "\na {}"),
            ("missing.css", "@import \"./c.css\";"),
            ("nested.css", "@import \"./two.css\";"),
            ("image.css", "@import \"./picture.css\";"),
            ("picture.css", "a { background: url(a.png) }"),
        ];
        let find = |path: &str| {
            files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
        };
        for (entry, expected) in [
            ("two.css", Ok("b {}\na {}\n")),
            ("none.css", Err("none.css is not there.")),
            (
                "media.css",
                Err(
                    "media.css:1: expected @import \"./PATH\"; and found @import \"./a.css\" print;",
                ),
            ),
            ("rule.css", Err("rule.css:2: expected @import \"./PATH\"; and found a {}")),
            ("missing.css", Err("missing.css:1: c.css is not there.")),
            ("nested.css", Err("two.css: a sheet that is joined cannot have @import.")),
            ("image.css", Err("picture.css: a sheet that is joined cannot have url(.")),
        ] {
            let joined = join(entry, &find);
            assert_eq!(joined.as_deref().map_err(String::as_str), expected, "{entry}");
        }
    }
}
