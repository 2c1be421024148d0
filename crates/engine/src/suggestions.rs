//! Models to offer by name: those that are on this machine first, then small ones of the supported
//! architectures that a laptop runs well.

use crate::hub::HubReference;
use crate::library::LoadedName;
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
    /// A prompt that shows a new user how it goes on; none for a model that is not known here.
    pub example: Option<ExamplePrompt>,
}

/// A prompt to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExamplePrompt {
    /// The text.
    pub prompt: &'static str,
    /// Whether the chat template goes around it.
    pub use_chat_template: bool,
}

const fn chat(prompt: &'static str) -> ExamplePrompt {
    ExamplePrompt { prompt, use_chat_template: true }
}

const fn text(prompt: &'static str) -> ExamplePrompt {
    ExamplePrompt { prompt, use_chat_template: false }
}

const CAPITAL: &str = "The capital of France is";

/// This model knows facts too badly to be asked for them in a chat: it answers CAPITAL with " L" at
/// 0.06. Without a template it says " Paris", but then top-p leaves that alone, and what follows is no
/// text. Here, by default, top-p leaves five of the first ten (young 0.15 becomes 0.39, group 0.13
/// becomes 0.30, beautiful, figure, woman), and a story follows whichever is taken.
const OF_BUILTIN: ExamplePrompt = text("She opened the door and saw a");

/// Name, label, megabytes of the files that would be fetched, and a prompt to begin with. Models that
/// were not trained for chats go on with text.
const SMALL_MODELS: &[(&str, &str, u64, ExamplePrompt)] = &[
    ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen 2.5 0.5B Instruct", 1000, chat(CAPITAL)),
    ("Qwen/Qwen3-0.6B", "Qwen 3 0.6B", 1520, chat(CAPITAL)),
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "SmolLM2 360M Instruct", 726, chat(CAPITAL)),
    ("openai-community/gpt2", "GPT-2 124M", 551, text(CAPITAL)),
    ("EleutherAI/pythia-160m", "Pythia 160M", 377, text(CAPITAL)),
    (
        "google/gemma-3-270m-it",
        "Gemma 3 270M Instruct (asks you to accept its terms)",
        575,
        chat(CAPITAL),
    ),
];

/// The prompt for a model by its name; a repository's revisions and files are one model.
fn example(id: &str) -> Option<ExamplePrompt> {
    if id == BUILTIN_MODEL {
        return Some(OF_BUILTIN);
    }
    let repo = HubReference::parse(id).ok()?.repo;
    SMALL_MODELS.iter().find(|(known, ..)| *known == repo).map(|(.., example)| *example)
}

/// All suggestions, those on this machine first. `loaded` are the models that have been loaded since
/// the program started: whatever their names, they are among the suggestions under these.
pub(crate) fn suggestions(options: &EngineOptions, loaded: Vec<LoadedName>) -> Vec<Suggestion> {
    let mut all = vec![Suggestion {
        id: BUILTIN_MODEL.to_owned(),
        label: "SmolLM2 135M Instruct, built in".to_owned(),
        bytes: builtin::FILE_BYTES,
        cached: builtin::is_fetched(options),
        example: example(BUILTIN_MODEL),
    }];
    let cached = hub::cached_models(&options.hub).into_iter().map(|model| (model.id, model.bytes));
    let loaded = loaded.into_iter().map(|loaded| (loaded.model_id, loaded.bytes));
    for (id, bytes) in cached.chain(loaded) {
        if all.iter().all(|known| known.id != id) {
            let (label, example) = (id.clone(), example(&id));
            all.push(Suggestion { id, label, bytes, cached: true, example });
        }
    }
    for (id, label, megabytes, example) in SMALL_MODELS {
        if all.iter().all(|known| known.id != *id) {
            all.push(Suggestion {
                id: (*id).to_owned(),
                label: (*label).to_owned(),
                bytes: megabytes * 1_000_000,
                cached: false,
                example: Some(*example),
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
        let loaded = |model_id: &str| LoadedName { model_id: model_id.to_owned(), bytes: 7 };
        let paths = ["./my model", "/models/a.gguf", BUILTIN_MODEL, "Qwen/Qwen3-0.6B@v1"];
        let all = suggestions(&options, paths.map(loaded).to_vec());
        let of = |id: &str| all.iter().find(|suggestion| suggestion.id == id).unwrap();
        for (path, example) in [(paths[0], None), (paths[1], None), (paths[3], Some(chat(CAPITAL)))]
        {
            let (id, label) = (path.to_owned(), path.to_owned());
            let expected = Suggestion { id, label, bytes: 7, cached: true, example };
            assert_eq!(*of(path), expected);
        }
        assert_eq!(of("Qwen/Qwen2.5-0.5B-Instruct").example, Some(chat(CAPITAL)));
        assert_eq!(of(BUILTIN_MODEL).example, Some(OF_BUILTIN));
        assert!(!of(BUILTIN_MODEL).cached);
        let mut ids: Vec<&str> = all.iter().map(|suggestion| suggestion.id.as_str()).collect();
        assert!(ids.contains(&BUILTIN_MODEL) && ids.contains(&"Qwen/Qwen2.5-0.5B-Instruct"));
        assert!(all.is_sorted_by_key(|suggestion| !suggestion.cached));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
    }
}
