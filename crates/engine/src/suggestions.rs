//! Models to offer by name: those that are on this machine first, then small ones of the supported
//! architectures that a laptop runs well.

use crate::{BUILTIN_MODEL, EngineOptions, builtin, hub};

/// A model that can be loaded by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The name.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Bytes of its files: exact if it is here, else about what will be fetched.
    pub bytes: u64,
    /// Whether it is on this machine.
    pub cached: bool,
}

/// Name, label and megabytes of the files that would be fetched.
const SMALL_MODELS: &[(&str, &str, u64)] = &[
    ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen 2.5 0.5B Instruct", 1000),
    ("Qwen/Qwen3-0.6B", "Qwen 3 0.6B", 1520),
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "SmolLM2 360M Instruct", 726),
    ("openai-community/gpt2", "GPT-2 124M", 551),
    ("EleutherAI/pythia-160m", "Pythia 160M", 377),
    ("google/gemma-3-270m-it", "Gemma 3 270M Instruct (asks you to accept its terms)", 575),
];

/// All suggestions, those on this machine first.
pub(crate) fn suggestions(options: &EngineOptions) -> Vec<Suggestion> {
    let mut all = vec![Suggestion {
        id: BUILTIN_MODEL.to_owned(),
        label: "SmolLM2 135M Instruct, built in".to_owned(),
        bytes: builtin::FILE_BYTES,
        cached: builtin::is_fetched(options),
    }];
    all.extend(hub::cached_models(&options.hub).into_iter().map(|model| Suggestion {
        label: model.id.clone(),
        id: model.id,
        bytes: model.bytes,
        cached: true,
    }));
    for (id, label, megabytes) in SMALL_MODELS {
        if all.iter().all(|known| known.id != *id) {
            all.push(Suggestion {
                id: (*id).to_owned(),
                label: (*label).to_owned(),
                bytes: megabytes * 1_000_000,
                cached: false,
            });
        }
    }
    all.sort_by_key(|suggestion| !suggestion.cached);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::HubSettings;

    #[test]
    fn each_name_is_offered_once_and_what_is_here_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let default = EngineOptions::default();
        let options = EngineOptions {
            cache_folder: Some(folder.path().to_owned()),
            hub: HubSettings { cache: folder.path().to_owned(), ..default.hub },
            ..EngineOptions::default()
        };
        let all = suggestions(&options);
        let mut ids: Vec<&str> = all.iter().map(|suggestion| suggestion.id.as_str()).collect();
        assert!(ids.contains(&BUILTIN_MODEL) && ids.contains(&"Qwen/Qwen2.5-0.5B-Instruct"));
        assert!(all.is_sorted_by_key(|suggestion| !suggestion.cached));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
    }
}
