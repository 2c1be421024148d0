//! `cargo xtask vendor`: the page's libraries, byte for byte as their npm packages have them.
//!
//! `web/vendor/versions.json` lists for each file its package, version, path in the package and
//! SHA-256, and by what name modules import it. The versions are pinned in `web/package-lock.json`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::shell;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Copy the files and write their versions and checksums.
    Write,
    /// Fail if a file differs from its package.
    Check,
}

pub(crate) fn run(mode: Mode) -> Result<(), String> {
    let web = shell::root().join("web");
    let list = web.join("vendor/versions.json");
    let mut versions = read_json(&list)?;
    let files = versions.as_object_mut().ok_or("versions.json is not an object")?;
    for (name, entry) in files.iter_mut() {
        let field = |field: &str| {
            let value = entry[field].as_str().map(str::to_owned);
            value.ok_or_else(|| format!("versions.json: {name} has no {field}"))
        };
        let package = web.join("node_modules").join(field("package")?);
        let original = read(&package.join(field("path")?))?;
        let version = read_json(&package.join("package.json"))?["version"].clone();
        let digest: String =
            Sha256::digest(&original).iter().map(|byte| format!("{byte:02x}")).collect();
        let vendored = web.join("vendor").join(name);
        match mode {
            Mode::Write => {
                fs::write(&vendored, &original).map_err(|error| format!("{name}: {error}"))?;
                entry["version"] = version;
                entry["sha256"] = digest.into();
            }
            Mode::Check => {
                let same = read(&vendored)? == original
                    && entry["sha256"] == digest
                    && entry["version"] == version;
                if !same {
                    return Err(format!(
                        "web/vendor/{name} is not what its package has: run `cargo xtask vendor`"
                    ));
                }
            }
        }
    }
    if mode == Mode::Write {
        let text = serde_json::to_string_pretty(&versions).expect("JSON values can be written");
        fs::write(&list, text + "\n").map_err(|error| format!("versions.json: {error}"))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn read_json(path: &Path) -> Result<Value, String> {
    serde_json::from_slice(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}
