//! Which models the cache holds, for suggestions.

use std::fs;

use super::cache::{RepoCache, Snapshot};
use super::files::{self, Weights};
use super::reference::{DEFAULT_REVISION, HubReference, is_gguf};
use super::settings::HubSettings;

/// Most models that are suggested, and most folders that are looked into for them.
///
/// Limit of fetching: models of the cache that are suggested; left out.
const MOST: usize = 1000;

/// A model that can be loaded from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModel {
    /// Its reference: `org/name`, `org/name@tag`, `org/name:file.gguf`.
    pub id: String,
    /// Size of its weights.
    pub bytes: u64,
}

/// The models in the cache that are complete, sorted by name. Whatever cannot be read is left out.
pub fn cached_models(settings: &HubSettings) -> Vec<CachedModel> {
    let mut models = Vec::new();
    for entry in fs::read_dir(&settings.cache).into_iter().flatten().flatten().take(MOST) {
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix("models--")) else {
            continue;
        };
        let repo = name.replace("--", "/");
        let revisions = fs::read_dir(entry.path().join("refs")).into_iter().flatten().flatten();
        let mut revisions: Vec<String> =
            revisions.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        // A tag that stands where the default branch stands is the same model.
        revisions.sort_by_key(|revision| (revision != DEFAULT_REVISION, revision.clone()));
        let cache = RepoCache::new(&settings.cache, &repo);
        let mut seen = Vec::new();
        for revision in revisions {
            let Some(commit) = cache.commit_of(&revision) else { continue };
            if !seen.contains(&commit) {
                let revision = (revision != DEFAULT_REVISION).then_some(revision);
                let reference = HubReference { repo: repo.clone(), revision, file: None };
                add_models(&reference, &cache.snapshot(&commit), &mut models);
                seen.push(commit);
            }
        }
    }
    // What cannot be asked for by its name is no help.
    models.retain(|model| HubReference::parse(&model.id).is_ok());
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models.truncate(MOST);
    models
}

fn add_models(reference: &HubReference, snapshot: &Snapshot, models: &mut Vec<CachedModel>) {
    let names = snapshot.names();
    let size = |name: &String| fs::metadata(snapshot.path(name)).map_or(0, |file| file.len());
    let safetensors = names.iter().map(|name| &**name).filter(|name| !is_gguf(name));
    let shards = match files::choose_weights(safetensors, None) {
        Ok(Weights::Single) => Some(vec![files::SINGLE.to_owned()]),
        Ok(Weights::Sharded) => snapshot.shards(),
        _ => None,
    };
    if let Some(shards) = shards.filter(|shards| shards.iter().all(|shard| snapshot.has(shard))) {
        models
            .push(CachedModel { id: reference.to_string(), bytes: shards.iter().map(size).sum() });
    }
    for name in names.iter().filter(|name| files::is_gguf_model(name)) {
        let file = Some(name.clone());
        let id = HubReference { file, ..reference.clone() }.to_string();
        models.push(CachedModel { id, bytes: size(name) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn complete_models_are_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let commits = ["a", "b"].map(|digit| digit.repeat(40));
        let write = |path: &str, bytes: usize| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![b'x'; bytes]).unwrap();
        };
        let model = |repo: &str, revision: &str, commit: &str, names: &[&str]| {
            let path = folder.path().join(repo).join("refs");
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(revision), commit).unwrap();
            for name in names {
                write(&format!("{repo}/snapshots/{commit}/{name}"), name.len());
            }
        };
        let core = ["config.json", "tokenizer.json", "model.safetensors"];
        model("models--org--full", "main", &commits[0], &core);
        model("models--org--full", "same-as-main", &commits[0], &[]);
        model("models--org--full", "v1", &commits[1], &core);
        model("models--gpt2", "main", &commits[0], &core);
        model("models--org--partial", "main", &commits[0], &core[..2]);
        model("models--org--gguf", "main", &commits[0], &["m.gguf", "q8/m.gguf", "README.md"]);
        let no_models = ["mmproj-F16.gguf", "m.imatrix.gguf"];
        model("models--org--vision", "main", &commits[0], &no_models);
        model("models--org--split", "main", &commits[0], &["m-00001-of-00002.gguf"]);
        model("models--org--bad", "main", "../../x", &[]);
        model("datasets--org--data", "main", &commits[0], &core);
        write("models--org--file", 3);
        write("version.txt", 1);

        let settings = |cache: &Path| {
            let mut settings = HubSettings::from_variables(&|_| None);
            settings.cache = cache.to_owned();
            settings
        };
        let found = cached_models(&settings(folder.path()));
        let found: Vec<_> = found.iter().map(|model| (&*model.id, model.bytes)).collect();
        let expected = [
            ("gpt2", 17),
            ("org/full", 17),
            ("org/full@v1", 17),
            ("org/gguf:m.gguf", 6),
            ("org/gguf:q8/m.gguf", 9),
        ];
        assert_eq!(found, expected);
        assert_eq!(cached_models(&settings(Path::new("/nowhere"))), []);
    }
}
