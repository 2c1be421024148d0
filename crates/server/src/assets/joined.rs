//! The files that are made of others: `/app.js`, its map and `/app.css`.

use std::collections::HashMap;
use std::sync::OnceLock;

use axum::body::Bytes;
use serde_json::Value;

use super::answer::File;
use super::{Web, script, sheet, source_map};

/// The page's joined files.
pub(super) struct Joined {
    script: File,
    map: File,
    sheet: File,
}

/// The joined file at a path, or nothing if that path is none. Made once; in development builds at
/// each request, since files may have been edited.
///
/// # Errors
/// Why the page cannot be joined.
pub(super) fn get(path: &str) -> Result<Option<File>, String> {
    if !["app.js", "app.js.map", "app.css"].contains(&path) {
        return Ok(None);
    }
    let made = if cfg!(debug_assertions) { &make() } else { once() };
    let joined = made.as_ref().map_err(Clone::clone)?;
    Ok(Some(match path {
        "app.js" => joined.script.clone(),
        "app.css" => joined.sheet.clone(),
        _ => joined.map.clone(),
    }))
}

/// Makes the joined files now, unless they are made anew for each request anyway.
pub(super) fn prepare() {
    if !cfg!(debug_assertions) {
        once();
    }
}

fn once() -> &'static Result<Joined, String> {
    static ONCE: OnceLock<Result<Joined, String>> = OnceLock::new();
    ONCE.get_or_init(make)
}

fn make() -> Result<Joined, String> {
    let script = script::join("main.js", &vendored_names()?, &text)?;
    let map = source_map::source_map(&script);
    let code = script.code + "//# sourceMappingURL=/app.js.map\n";
    let file = |text: String, mime| File::new(Bytes::from(text), mime).zipped();
    Ok(Joined {
        script: file(code, "text/javascript; charset=utf-8"),
        map: file(map, "application/json"),
        sheet: file(sheet::join("main.css", &text)?, "text/css; charset=utf-8"),
    })
}

fn text(path: &str) -> Option<String> {
    String::from_utf8(Web::get(path)?.data.into_owned()).ok()
}

/// The files of `vendor/` by the name that modules import them by.
fn vendored_names() -> Result<HashMap<String, String>, String> {
    const LIST: &str = "vendor/versions.json";
    let list = text(LIST).ok_or_else(|| format!("{LIST} is not there."))?;
    let list: Value = serde_json::from_str(&list).map_err(|error| format!("{LIST}: {error}"))?;
    let files = list.as_object().ok_or_else(|| format!("{LIST} is not an object."))?;
    let name = |(file, entry): (&String, &Value)| {
        Some((entry["import"].as_str()?.to_owned(), format!("vendor/{file}")))
    };
    Ok(files.iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_is_joined_with_every_module_once_and_every_line_in_its_place() {
        let script = script::join("main.js", &vendored_names().unwrap(), &text).unwrap();
        let paths = |script: &script::Script| -> BTreeSet<String> {
            script.parts.iter().map(|part| part.path.clone()).collect()
        };
        let joined = paths(&script);
        assert_eq!(joined.len(), script.parts.len());
        // What few visits need is fetched apart.
        let extras = script::join("extras.js", &vendored_names().unwrap(), &text).unwrap();
        let is_module = |path: &String| path.ends_with(".js") || path.ends_with(".mjs");
        let all: BTreeSet<String> =
            Web::iter().map(|path| path.into_owned()).filter(is_module).collect();
        let reached = &joined | &paths(&extras);
        assert_eq!(reached, all, "a module is not imported by any other");

        let lines: Vec<&str> = script.code.lines().collect();
        let mut compared = 0;
        for part in &script.parts {
            for (index, line) in text(&part.path).unwrap().lines().enumerate() {
                if let Some(function) = line.strip_prefix("export function ") {
                    assert!(lines[part.line + index].contains(function), "{}: {line}", part.path);
                    compared += 1;
                }
            }
        }
        assert!(compared > 100, "{compared} functions");
    }

    #[test]
    fn every_sheet_is_joined() {
        let sheet = sheet::join("main.css", &text).unwrap();
        for path in Web::iter().filter(|path| path.starts_with("style/")) {
            assert!(sheet.contains(&text(&path).unwrap()), "main.css does not import {path}");
        }
    }

    #[test]
    fn only_joined_files_are_found() {
        for (path, is_joined) in
            [("app.js", true), ("app.css", true), ("app.js.map", true), ("main.js", false)]
        {
            assert_eq!(get(path).unwrap().is_some(), is_joined, "{path}");
        }
    }
}
