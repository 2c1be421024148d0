//! From the joined script's lines back to the files, for the browser's developer tools.
//!
//! Format: <https://tc39.es/ecma426/>, with one section for each module. Lines map to lines.

use serde_json::json;

use super::script::Script;

/// The map of a joined script. Its sources are the modules' own addresses.
pub(super) fn source_map(script: &Script) -> String {
    let sections: Vec<_> = script
        .parts
        .iter()
        .map(|part| {
            // Column 0 of a line is column 0 of the first source's first line, or of the next one.
            let mappings = format!("AAAA{}", ";AACA".repeat(part.lines - 1));
            let source = format!("/{}", part.path);
            let map = json!({"version": 3, "sources": [source], "names": [], "mappings": mappings});
            json!({"offset": {"line": part.line, "column": 0}, "map": map})
        })
        .collect();
    json!({"version": 3, "file": "app.js", "sections": sections}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::script::Part;

    #[test]
    fn every_module_has_a_section_and_every_line_a_mapping() {
        let part = |path: &str, line, lines| Part { path: path.into(), line, lines };
        let parts = vec![part("a.js", 1, 1), part("v/b.js", 5, 3)];
        let map = source_map(&Script { code: String::new(), parts });
        let map: serde_json::Value = serde_json::from_str(&map).unwrap();
        for (index, line, source, mappings) in
            [(0, 1, "/a.js", "AAAA"), (1, 5, "/v/b.js", "AAAA;AACA;AACA")]
        {
            let section = &map["sections"][index];
            assert_eq!(section["offset"], json!({"line": line, "column": 0}));
            assert_eq!(section["map"]["sources"], json!([source]));
            assert_eq!(section["map"]["mappings"], mappings);
        }
    }
}
