//! `cargo xtask performance`: the tables of docs/performance.md, from what was measured last.
//!
//! A table stands between `<!-- table NAME -->` and `<!-- end -->`. Files of results bring tables of
//! these names; those that were not measured stay as they are.

use std::fs;

use serde_json::Value;

use crate::table::Table;
use crate::{bench, shell};

const PAGE: &str = "docs/performance.md";
/// Written by `cargo xtask bench`, and by `compare.py` and `attribution.py` of tools/peers.
const RESULTS: [&str; 3] = ["bench.json", "peers.json", "attribution_peers.json"];

pub(crate) fn run(even_if_busy: bool) -> Result<(), String> {
    let page = shell::root().join(PAGE);
    let mut text = fs::read_to_string(&page).map_err(|error| format!("{PAGE}: {error}"))?;
    for name in RESULTS {
        let path = bench::folder().join(name);
        if !path.exists() {
            eprintln!("{name}: not measured, its tables stay as they are");
            continue;
        }
        let results = fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
        let results: Value =
            serde_json::from_slice(&results).map_err(|error| format!("{name}: {error}"))?;
        if bench::is_busy(&results["machine"]) && !even_if_busy {
            return Err(format!(
                "{name} was measured while others used the machine, which distorts even ratios; \
                 measure again, or say --even-if-busy"
            ));
        }
        let machine = bench::machine_line(&results["machine"]);
        for table in results["tables"].as_array().into_iter().flatten() {
            let table = Table::from_json(table).ok_or_else(|| format!("{name}: not a table"))?;
            text = replaced(&text, &table, &machine)?;
        }
    }
    fs::write(&page, text).map_err(|error| format!("{PAGE}: {error}"))
}

/// The page with the table in its place.
fn replaced(page: &str, table: &Table, machine: &str) -> Result<String, String> {
    let missing = || format!("{PAGE} has no place for the table {:?}", table.name);
    let (before, rest) =
        page.split_once(&format!("<!-- table {} -->\n", table.name)).ok_or_else(missing)?;
    let (_, after) = rest.split_once("<!-- end -->").ok_or_else(missing)?;
    let Table { name, title, .. } = table;
    Ok(format!(
        "{before}<!-- table {name} -->\n{title}.\n\n{}\n*{machine}*\n<!-- end -->{after}",
        table.markdown()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_place_changes() {
        let mut table = Table::new("two", "Second", &["a"]);
        table.push(vec!["1".into()]);
        let page =
            "x\n<!-- table one -->\nold\n<!-- end -->\n<!-- table two -->\nold\n<!-- end -->\ny\n";
        let expected = "x\n<!-- table one -->\nold\n<!-- end -->\n<!-- table two -->\nSecond.\n\n\
                        | a |\n|---:|\n| 1 |\n\n*here*\n<!-- end -->\ny\n";
        let once = replaced(page, &table, "here").unwrap();
        assert_eq!(once, expected);
        assert_eq!(replaced(&once, &table, "here").unwrap(), expected);
        assert!(replaced("nothing", &table, "here").is_err());
    }
}
