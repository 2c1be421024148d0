//! The rules of `deny.toml`, and what is refused by them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use super::Dependency;

/// The keys of cargo-deny's configuration that are used here; any other is refused, since it would be believed to
/// have an effect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Graph {
    all_features: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    /// Licences that a crate may have, or one of which it lets us choose.
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

/// Licences of one crate beyond those that all may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Verdict,
    multiple_versions_include_dev: Yes,
    skip: Vec<Skip>,
}

/// A version that may stand beside others of its crate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    /// `name@version`
    #[serde(rename = "crate")]
    spec: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Verdict,
    unknown_git: Verdict,
    allow_registry: Vec<String>,
}

/// The one verdict that this chore knows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Deny,
}

/// The one answer that this chore knows.
#[derive(Debug, Deserialize)]
#[serde(try_from = "bool")]
struct Yes;

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(answer: bool) -> Result<Self, &'static str> {
        if answer { Ok(Yes) } else { Err("this has to be true") }
    }
}

impl Rules {
    /// The rules that a text says.
    ///
    /// # Errors
    /// It is no TOML, has a key that has no effect here, or a licence that SPDX does not know.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rules: Rules = toml::from_str(text)
            .map_err(|error| format!("deny.toml is not understood: {error}"))?;
        let Bans { multiple_versions: Verdict::Deny, multiple_versions_include_dev: Yes, skip } =
            &rules.bans;
        let Sources { unknown_registry: Verdict::Deny, unknown_git: Verdict::Deny, .. } =
            &rules.sources;
        let exceptions = rules.licenses.exceptions.iter().flat_map(|one| &one.allow);
        for license in rules.licenses.allow.iter().chain(exceptions) {
            Licensee::parse(license).map_err(|error| {
                format!(
                    "deny.toml allows {license:?}, which is no licence of SPDX: {}",
                    error.reason
                )
            })?;
        }
        match skip.iter().find(|skip| skip.reason.trim().is_empty()) {
            Some(skip) => Err(format!("deny.toml skips {} without a reason", skip.spec)),
            None => Ok(rules),
        }
    }

    pub(super) fn takes_all_features(&self) -> bool {
        self.graph.all_features
    }

    /// What is refused, each in a sentence.
    pub(super) fn refused(&self, dependencies: &[Dependency]) -> Vec<String> {
        let licenses = dependencies.iter().filter_map(|one| self.refused_license(one));
        let sources = dependencies.iter().filter_map(|one| self.refused_source(one));
        let mut all: Vec<String> = licenses.chain(sources).collect();
        all.extend(self.refused_duplicates(dependencies));
        all.extend(self.without_effect(dependencies));
        all
    }

    fn refused_license(&self, dependency: &Dependency) -> Option<String> {
        let Dependency { name, version, license, .. } = dependency;
        let Some(license) = license else {
            return Some(format!(
                "{name} {version} names no licence. Expected one that deny.toml allows."
            ));
        };
        let expression = match Expression::parse_mode(license, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(error) => {
                return Some(format!(
                    "{name} {version} has the licence {license:?}, which is no expression of SPDX: {}.",
                    error.reason
                ));
            }
        };
        let exceptions = self.licenses.exceptions.iter().filter(|one| one.name == *name);
        let allowed = self.licenses.allow.iter().chain(exceptions.flat_map(|one| &one.allow));
        let allowed: Vec<Licensee> =
            allowed.filter_map(|license| Licensee::parse(license).ok()).collect();
        let fits = expression.evaluate(|wanted| allowed.iter().any(|one| one.satisfies(wanted)));
        (!fits).then(|| {
            format!(
                "{name} {version} has the licence {license}, which deny.toml does not allow. Replace the \
                 crate, or allow it in licenses.allow if this project may use it."
            )
        })
    }

    fn refused_source(&self, dependency: &Dependency) -> Option<String> {
        let Dependency { name, version, source, is_ours, .. } = dependency;
        let place = match source.as_deref() {
            None if *is_ours => return None,
            None => "a folder of this machine",
            Some(source) => {
                let registry = source.strip_prefix("registry+");
                let known = &self.sources.allow_registry;
                if registry.is_some_and(|registry| known.iter().any(|one| one == registry)) {
                    return None;
                }
                source
            }
        };
        Some(format!(
            "{name} {version} comes from {place}. Expected a registry of sources.allow-registry in deny.toml."
        ))
    }

    fn refused_duplicates(&self, dependencies: &[Dependency]) -> Vec<String> {
        let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
        for Dependency { name, version, .. } in dependencies {
            if !self.bans.skip.iter().any(|skip| skip.is(name, version)) {
                versions.entry(name).or_default().insert(version);
            }
        }
        let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
        let sentence = |(name, versions): (&str, BTreeSet<&str>)| {
            let versions: Vec<&str> = versions.into_iter().collect();
            format!(
                "{name} is there in several versions: {}. Make its users agree (`cargo tree --invert \
                 {name}@VERSION --target all` names them), or list all but one in bans.skip of deny.toml with a \
                 reason.",
                versions.join(" and ")
            )
        };
        several.map(sentence).collect()
    }

    /// Reasons for what is no longer there.
    fn without_effect(&self, dependencies: &[Dependency]) -> Vec<String> {
        let skips = self
            .bans
            .skip
            .iter()
            .filter(|skip| !dependencies.iter().any(|one| skip.is(&one.name, &one.version)));
        let skips = skips.map(|skip| format!("bans.skip of deny.toml lists {}", skip.spec));
        let exceptions = self
            .licenses
            .exceptions
            .iter()
            .filter(|exception| !dependencies.iter().any(|one| one.name == exception.name));
        let exceptions =
            exceptions.map(|one| format!("licenses.exceptions of deny.toml lists {}", one.name));
        let sentence = |listed| format!("{listed}, which is not there any more. Take it out.");
        skips.chain(exceptions).map(sentence).collect()
    }
}

impl Skip {
    fn is(&self, name: &str, version: &str) -> bool {
        self.spec.split_once('@') == Some((name, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    const RULES: &str = r#"
        [graph]
        all-features = true
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "odd", allow = ["MPL-2.0"] }]
        [bans]
        multiple-versions = "deny"
        multiple-versions-include-dev = true
        skip = [{ crate = "twice@1.0.0", reason = "old-user wants it" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://github.com/rust-lang/crates.io-index"]
    "#;

    fn dependency(name: &str, version: &str, license: &str, source: &str) -> Dependency {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Dependency {
            name: name.into(),
            version: version.into(),
            license: some(license),
            source: some(source),
            is_ours: name == "ours",
        }
    }

    /// What nobody minds.
    fn good() -> Vec<Dependency> {
        vec![
            dependency("ours", "0.1.0", "MIT OR Apache-2.0", ""),
            dependency("odd", "1.0.0", "MPL-2.0", CRATES_IO),
            dependency("twice", "1.0.0", "MIT", CRATES_IO),
            dependency("twice", "2.0.0", "MIT/Apache-2.0", CRATES_IO),
            dependency("choice", "1.0.0", "GPL-3.0-only OR MIT", CRATES_IO),
        ]
    }

    #[test]
    fn each_fault_is_refused_in_a_sentence() {
        let rules = Rules::parse(RULES).unwrap();
        assert_eq!(rules.refused(&good()), Vec::<String>::new());
        let git = "git+https://github.com/a/b?rev=1#1";
        for (name, version, license, source, sentence) in [
            ("new", "1.0.0", "GPL-3.0-only", CRATES_IO, "new 1.0.0 has the licence GPL-3.0-only,"),
            (
                "new",
                "1.0.0",
                "MIT AND GPL-3.0-only",
                CRATES_IO,
                "new 1.0.0 has the licence MIT AND",
            ),
            ("new", "1.0.0", "MPL-2.0", CRATES_IO, "new 1.0.0 has the licence MPL-2.0,"),
            ("new", "1.0.0", "Mine", CRATES_IO, "new 1.0.0 has the licence \"Mine\", which is no"),
            ("new", "1.0.0", "", CRATES_IO, "new 1.0.0 names no licence."),
            ("new", "1.0.0", "MIT", git, "new 1.0.0 comes from git+https://github.com/a/b"),
            ("new", "1.0.0", "MIT", "", "new 1.0.0 comes from a folder of this machine."),
            ("new", "1.0.0", "MIT", "registry+https://elsewhere", "new 1.0.0 comes from registry+"),
            (
                "twice",
                "3.0.0",
                "MIT",
                CRATES_IO,
                "twice is there in several versions: 2.0.0 and 3.0.0.",
            ),
            ("choice", "1.1.0", "MIT", CRATES_IO, "choice is there in several versions: 1.0.0 and"),
        ] {
            let mut all = good();
            all.push(dependency(name, version, license, source));
            let refused = rules.refused(&all);
            assert_eq!(refused.len(), 1, "{name} {version} {license} {source}: {refused:?}");
            assert!(refused[0].starts_with(sentence), "{refused:?}");
            assert!(refused[0].ends_with('.'), "{refused:?}");
        }
    }

    #[test]
    fn reasons_for_what_is_gone_are_refused() {
        let rules = Rules::parse(RULES).unwrap();
        for (gone, version, sentence) in [
            ("twice", "1.0.0", "bans.skip of deny.toml lists twice@1.0.0, which is not there"),
            ("odd", "1.0.0", "licenses.exceptions of deny.toml lists odd, which is not there"),
        ] {
            let mut all = good();
            all.retain(|one| (one.name.as_str(), one.version.as_str()) != (gone, version));
            let refused = rules.refused(&all);
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].starts_with(sentence), "{refused:?}");
        }
    }

    #[test]
    fn rules_that_would_have_no_effect_are_refused() {
        for (from, to, error) in [
            ("[graph]", "[graph]\ntargets = []", "unknown field `targets`"),
            ("unknown-git = \"deny\"", "unknown-git = \"warn\"", "unknown variant `warn`"),
            ("include-dev = true", "include-dev = false", "this has to be true"),
            ("\"MIT\"", "\"MTI\"", "deny.toml allows \"MTI\""),
            ("old-user wants it", " ", "deny.toml skips twice@1.0.0 without a reason"),
            ("[bans]", "[bans", "deny.toml is not understood"),
        ] {
            let text = RULES.replacen(from, to, 1);
            assert_ne!(text, RULES);
            let found = Rules::parse(&text).unwrap_err();
            assert!(found.contains(error), "{from} -> {to}: {found}");
        }
    }
}
