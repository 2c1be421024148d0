//! The tokenizer classes of transformers that a folder may name, and what each does beyond its
//! `tokenizer.json`.
//!
//! The rules are those of transformers 4.57.6: `models/auto/tokenization_auto.py` chooses the class, and
//! `models/*/tokenization_*_fast.py` are the classes. Two designs were possible: to look only at settings
//! that every class reads, as other programs do, or to know the classes. The classes differ in what an absent
//! setting means and in which settings they ignore, so only the second gives their ids. Whoever names a
//! class that is not here is refused.

use serde_json::Value;

/// What one class does.
#[derive(Debug)]
pub(super) struct TokenizerClass {
    /// Its name without `Fast` at the end: that one is taken where both exist.
    pub(super) name: &'static str,
    /// The special tokens it has where the settings say nothing; an empty one is none, even where
    /// `tokenizer.json` has one to pad with.
    pub(super) defaults: &'static [(&'static str, &'static str)],
    /// Whether it puts BOS before a text where the settings do not say. Classes without an opinion keep the
    /// post-processor of `tokenizer.json`; the others replace it.
    pub(super) adds_bos: Option<bool>,
    /// What `add_prefix_space` changes.
    pub(super) prefix_space: PrefixSpace,
    /// What it does that no other does.
    pub(super) peculiarity: Option<Peculiarity>,
}

/// What the setting `add_prefix_space` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PrefixSpace {
    /// A byte-level pre-tokenizer that stands alone. Absent, it means false.
    Alone,
    /// Such a one also inside a sequence, where it is true.
    Everywhere,
    /// If it is there at all, the tokenizer is made anew from `tokenizer.model`.
    Anew,
}

/// What only one class does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peculiarity {
    /// BOS, EOS, unknown and padding token are looked for as they stand, without white space around them,
    /// if the settings give them as texts.
    PlainMarkers,
    /// A text with a marker in it becomes a prefix and a suffix with a part between to be filled in.
    Infilling,
    /// `add_bos_token` is refused.
    NoBos,
}

const END_OF_TEXT: &str = "<|endoftext|>";
const THREE_ENDS: &[(&str, &str)] =
    &[("unk_token", END_OF_TEXT), ("bos_token", END_OF_TEXT), ("eos_token", END_OF_TEXT)];
const LLAMAS: &[(&str, &str)] =
    &[("unk_token", "<unk>"), ("bos_token", "<s>"), ("eos_token", "</s>")];

const CLASSES: [TokenizerClass; 10] = [
    TokenizerClass {
        name: "PreTrainedTokenizer",
        defaults: &[],
        adds_bos: None,
        prefix_space: PrefixSpace::Alone,
        peculiarity: None,
    },
    TokenizerClass {
        name: "BloomTokenizer",
        defaults: &[
            ("unk_token", "<unk>"),
            ("bos_token", "<s>"),
            ("eos_token", "</s>"),
            ("pad_token", "<pad>"),
        ],
        adds_bos: None,
        prefix_space: PrefixSpace::Everywhere,
        peculiarity: None,
    },
    TokenizerClass {
        name: "CodeGenTokenizer",
        defaults: THREE_ENDS,
        adds_bos: None,
        prefix_space: PrefixSpace::Alone,
        peculiarity: Some(Peculiarity::NoBos),
    },
    TokenizerClass {
        name: "CodeLlamaTokenizer",
        defaults: LLAMAS,
        adds_bos: Some(true),
        prefix_space: PrefixSpace::Alone,
        peculiarity: Some(Peculiarity::Infilling),
    },
    TokenizerClass {
        name: "CohereTokenizer",
        defaults: &[
            ("unk_token", "<UNK>"),
            ("bos_token", "<BOS_TOKEN>"),
            ("eos_token", "<|END_OF_TURN_TOKEN|>"),
        ],
        adds_bos: Some(true),
        prefix_space: PrefixSpace::Everywhere,
        peculiarity: None,
    },
    TokenizerClass {
        name: "GPT2Tokenizer",
        defaults: THREE_ENDS,
        adds_bos: None,
        prefix_space: PrefixSpace::Alone,
        peculiarity: None,
    },
    TokenizerClass {
        name: "GPTNeoXTokenizer",
        defaults: &[
            ("unk_token", END_OF_TEXT),
            ("bos_token", END_OF_TEXT),
            ("eos_token", END_OF_TEXT),
            ("pad_token", ""),
        ],
        adds_bos: Some(false),
        prefix_space: PrefixSpace::Alone,
        peculiarity: None,
    },
    TokenizerClass {
        name: "GemmaTokenizer",
        defaults: &[
            ("unk_token", "<unk>"),
            ("bos_token", "<bos>"),
            ("eos_token", "<eos>"),
            ("pad_token", "<pad>"),
        ],
        adds_bos: Some(true),
        prefix_space: PrefixSpace::Alone,
        peculiarity: None,
    },
    TokenizerClass {
        name: "LlamaTokenizer",
        defaults: LLAMAS,
        adds_bos: Some(true),
        prefix_space: PrefixSpace::Anew,
        peculiarity: None,
    },
    TokenizerClass {
        name: "Qwen2Tokenizer",
        defaults: &[
            ("unk_token", END_OF_TEXT),
            ("eos_token", END_OF_TEXT),
            ("pad_token", END_OF_TEXT),
        ],
        adds_bos: None,
        prefix_space: PrefixSpace::Alone,
        peculiarity: Some(Peculiarity::PlainMarkers),
    },
];

/// The class of a model that names none, by its `model_type`
/// (`TOKENIZER_MAPPING_NAMES`). Granite's is there the slow GPT2Tokenizer, which wants other files.
const OF_MODELS: [(&str, &str); 15] = [
    ("gemma", "GemmaTokenizer"),
    ("gemma2", "GemmaTokenizer"),
    ("gemma3", "GemmaTokenizer"),
    ("gemma3_text", "GemmaTokenizer"),
    ("gpt2", "GPT2Tokenizer"),
    ("gpt_neox", "GPTNeoXTokenizer"),
    ("granite", "GPT2Tokenizer"),
    ("llama", "LlamaTokenizer"),
    ("mistral", "LlamaTokenizer"),
    ("olmo2", "GPTNeoXTokenizer"),
    ("phi3", "LlamaTokenizer"),
    ("qwen2", "Qwen2Tokenizer"),
    ("qwen3", "Qwen2Tokenizer"),
    ("smollm3", "PreTrainedTokenizer"),
    ("starcoder2", "GPT2Tokenizer"),
];

impl TokenizerClass {
    /// The class that `tokenizer_config.json` names, or else `config.json`, or else the one of the model's
    /// kind; of a kind that is not known, the one without any rules.
    ///
    /// # Errors
    /// A name that is not known, with those that are.
    pub(super) fn of(settings: &Value, config: &Value) -> Result<&'static Self, String> {
        let named = [&settings["tokenizer_class"], &config["tokenizer_class"]];
        let named = named.into_iter().find(|name| !name.is_null());
        let by_model = || {
            let kind = config["model_type"].as_str();
            OF_MODELS.iter().find(|(model, _)| Some(*model) == kind).map(|(_, class)| *class)
        };
        let name = match named {
            Some(Value::String(name)) => name,
            Some(other) => return Err(format!("its \"tokenizer_class\" is {other}, not a name")),
            None => by_model().unwrap_or("PreTrainedTokenizer"),
        };
        // Transformers 5 writes the first name for tokenizers that need no class of their own.
        let plain = match name {
            "TokenizersBackend" => "PreTrainedTokenizer",
            name => name.strip_suffix("Fast").unwrap_or(name),
        };
        CLASSES.iter().find(|class| class.name == plain).ok_or_else(|| {
            let known: Vec<&str> = CLASSES.iter().map(|class| class.name).collect();
            format!(
                "its class is {name:?}, which may tokenize otherwise than its tokenizer.json says; \
                 supported: {} and the same with Fast at the end",
                known.join(", ")
            )
        })
    }

    /// Whether it has a rule of its own.
    pub(super) fn has(&self, peculiarity: Peculiarity) -> bool {
        self.peculiarity == Some(peculiarity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_class_is_found_as_transformers_finds_it() {
        let named = |name: &str| json!({"tokenizer_class": name});
        for (settings, config, expected) in [
            (Value::Null, Value::Null, Ok("PreTrainedTokenizer")),
            (named("LlamaTokenizerFast"), json!({"model_type": "qwen2"}), Ok("LlamaTokenizer")),
            (named("LlamaTokenizer"), named("GPT2Tokenizer"), Ok("LlamaTokenizer")),
            (named("TokenizersBackend"), Value::Null, Ok("PreTrainedTokenizer")),
            (json!({"tokenizer_class": null}), named("GemmaTokenizer"), Ok("GemmaTokenizer")),
            (json!({}), json!({"model_type": "gpt_neox"}), Ok("GPTNeoXTokenizer")),
            (json!({}), json!({"model_type": "smollm3"}), Ok("PreTrainedTokenizer")),
            (json!({}), json!({"model_type": "of tomorrow"}), Ok("PreTrainedTokenizer")),
            (named("InternLM2Tokenizer"), Value::Null, Err("\"InternLM2Tokenizer\", which may")),
            (named("BertTokenizerFast"), Value::Null, Err("BloomTokenizer, CodeGenTokenizer, ")),
            (json!({"tokenizer_class": 5}), Value::Null, Err("is 5, not a name")),
        ] {
            let found = TokenizerClass::of(&settings, &config);
            match expected {
                Ok(name) => assert_eq!(found.unwrap().name, name, "{settings} {config}"),
                Err(part) => assert!(found.unwrap_err().contains(part), "{settings} {config}"),
            }
        }
    }
}
