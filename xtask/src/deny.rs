//! `cargo xtask deny`: what the program is built from. The rules are in `deny.toml`, in the words of cargo-deny, which
//! gives the same verdict for whoever has it; to build it here would take longer than all other checks.

mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};

use crate::shell;
use rules::Rules;

/// A crate that the program, its tests or its chores are built from, on any system.
#[derive(Debug, Clone)]
struct Dependency {
    name: String,
    version: String,
    /// As it says itself, in SPDX's words.
    license: Option<String>,
    /// Where it comes from; none for a folder of this machine.
    source: Option<String>,
    /// Whether it is one of the project's own.
    is_ours: bool,
}

/// Checks licences, sources and duplicates, and advisories where that can be done.
pub(crate) fn run() -> Result<(), String> {
    eprintln!("\n> cargo xtask deny");
    let path = shell::root().join("deny.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let rules = Rules::parse(&text)?;
    let dependencies = dependencies(&rules)?;
    let refused = rules.refused(&dependencies);
    for sentence in &refused {
        eprintln!("{sentence}");
    }
    if !refused.is_empty() {
        return Err(format!("{} refusals by deny.toml", refused.len()));
    }
    eprintln!(
        "{} crates: licences, sources and duplicates are as deny.toml says",
        dependencies.len()
    );
    check_advisories()
}

fn dependencies(rules: &Rules) -> Result<Vec<Dependency>, String> {
    let mut command = MetadataCommand::new();
    command.manifest_path(shell::root().join("Cargo.toml"));
    command.other_options(["--locked".to_owned()]);
    if rules.takes_all_features() {
        command.features(CargoOpt::AllFeatures);
    }
    let metadata = command.exec().map_err(|error| format!("cannot list dependencies: {error}"))?;
    Ok(listed(&metadata))
}

/// The crates that cargo has resolved.
fn listed(metadata: &Metadata) -> Vec<Dependency> {
    let by_id: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let packages = nodes.filter_map(|node| by_id.get(&node.id));
    let of_package = |package: &&cargo_metadata::Package| Dependency {
        name: package.name.to_string(),
        version: package.version.to_string(),
        license: package.license.clone(),
        source: package.source.as_ref().map(|source| source.repr.clone()),
        is_ours: metadata.workspace_members.contains(&package.id),
    };
    packages.map(of_package).collect()
}

/// Known faults of dependencies, if cargo-deny and its copy of RustSec's database are here. Nothing is fetched: a
/// check of what is here should not depend on what was published today.
fn check_advisories() -> Result<(), String> {
    let left_out = if tokenscope_children::find("cargo-deny").is_none() {
        "cargo-deny is not installed (cargo install cargo-deny)"
    } else if !has_database() {
        "RustSec's database is not here (cargo deny fetch)"
    } else {
        return shell::run(".", "cargo-deny", &["--offline", "check", "advisories"]);
    };
    eprintln!("advisories were left out: {left_out}");
    Ok(())
}

/// Whether RustSec's database is where cargo-deny keeps it. A fetch that failed leaves an empty place.
fn has_database() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let entries = home.and_then(|home| std::fs::read_dir(home.join("advisory-dbs")).ok());
    entries.is_some_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir()))
    })
}
