//! The pre-tokenizer kinds of byte-level BPE vocabularies in GGUF files.
//!
//! A GGUF file names its pre-tokenizer (`tokenizer.ggml.pre`) but does not contain it: what the
//! name means is knowledge of the reader. Each row of [`KINDS`] is that knowledge for one name.
//! A name that is not here is an error, because a wrong split silently gives other tokens.

use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

/// GPT-2's split (the regular expression of its `encoder.py`).
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Llama 3's split (`tokenizer.json` of Meta-Llama-3-8B): contractions in any case, numbers in
/// groups of up to three digits, newlines kept together.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen2's split (`tokenizer.json` of Qwen2-0.5B): Llama 3's, but every digit alone.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Mistral Nemo's split as llama.cpp reads it: an upper-case letter starts a new piece, numbers digit
/// by digit. The model's own file asks for Unicode's letter cases and keeps combining marks with
/// their letters; llama.cpp knows upper and lower case of ASCII letters alone. Files in this format
/// are tokenized as llama.cpp does.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])*(?:(?=\p{L})[^A-Z])+|[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])+(?:(?=\p{L})[^A-Z])*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// GPT-4o's split, read in the same way: contractions stay with their word, and numbers come in
/// groups of up to three digits.
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])*(?:(?=\p{L})[^A-Z])+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?(?:(?=\p{L})[^a-z])+(?:(?=\p{L})[^A-Z])*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// What pre-tokenizer names stand for.
pub(crate) struct PreTokenizerKind {
    /// Names that mean the same; which models' files carry them stands beside the rows.
    names: &'static [&'static str],
    /// Regular expressions applied one after the other; each splits the pieces of the one before.
    patterns: &'static [&'static str],
    /// A piece that is a token as a whole is taken as that token, without merging up to it.
    pub(crate) ignore_merges: bool,
    /// Whether a prompt starts with BOS when the file does not say.
    pub(crate) adds_bos: bool,
}

/// Every row is checked against llama.cpp (`fixtures/tokenizations/byte_level.json`).
const KINDS: &[PreTokenizerKind] = &[
    // GPT-2; OLMo and GPT-NeoX; MPT.
    PreTokenizerKind {
        names: &["gpt-2", "olmo", "mpt"],
        patterns: &[GPT2],
        ignore_merges: false,
        adds_bos: false,
    },
    // SmolLM2; StarCoder2; Granite.
    PreTokenizerKind {
        names: &["smollm", "starcoder", "refact"],
        patterns: &[r"\p{N}", GPT2],
        ignore_merges: false,
        adds_bos: false,
    },
    // Qwen 2 to 3, and DeepSeek's distillations into it.
    PreTokenizerKind {
        names: &["qwen2", "deepseek-r1-qwen"],
        patterns: &[QWEN2],
        ignore_merges: false,
        adds_bos: false,
    },
    // Llama 3; Mistral's Pixtral.
    PreTokenizerKind {
        names: &["llama-bpe", "llama3", "llama-v3", "pixtral"],
        patterns: &[LLAMA3],
        ignore_merges: true,
        adds_bos: true,
    },
    // Vocabularies like GPT-4's or Llama 3's whose prompts have no BOS (OLMo 2, Phi-4; Smaug, SmolLM3).
    PreTokenizerKind {
        names: &["dbrx", "smaug-bpe"],
        patterns: &[LLAMA3],
        ignore_merges: false,
        adds_bos: false,
    },
    // Mistral Nemo and what came after it.
    PreTokenizerKind {
        names: &["tekken"],
        patterns: &[TEKKEN],
        ignore_merges: true,
        adds_bos: true,
    },
    // Phi-4-mini.
    PreTokenizerKind {
        names: &["gpt-4o"],
        patterns: &[GPT_4O],
        ignore_merges: false,
        adds_bos: false,
    },
    // llama.cpp's reading of files that predate the key: punctuation alone, then GPT-2's split,
    // then numbers, in groups of three digits.
    PreTokenizerKind {
        names: &["default"],
        patterns: &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
        ignore_merges: false,
        adds_bos: false,
    },
];

/// The names that are understood, for error messages.
pub(crate) fn known_names() -> String {
    KINDS.iter().flat_map(|kind| kind.names).copied().collect::<Vec<_>>().join(", ")
}

/// Finds a kind by the name a GGUF file gives.
pub(crate) fn find(name: &str) -> Option<&'static PreTokenizerKind> {
    KINDS.iter().find(|kind| kind.names.contains(&name))
}

impl PreTokenizerKind {
    /// The splits of this kind, followed by the mapping of bytes to the characters that
    /// byte-level vocabularies are written in.
    pub(crate) fn build(&self) -> Result<Sequence, tokenizers::Error> {
        let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
        for pattern in self.patterns {
            let pattern = SplitPattern::Regex((*pattern).to_owned());
            steps.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into());
        }
        steps.push(ByteLevel::new(false, false, false).into());
        Ok(Sequence::new(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn pieces(kind: &str, text: &str) -> Vec<String> {
        let mut string = PreTokenizedString::from(text);
        find(kind).unwrap().build().unwrap().pre_tokenize(&mut string).unwrap();
        string
            .get_splits(OffsetReferential::Original, OffsetType::Byte)
            .into_iter()
            .map(|(_, (start, end), _)| text[start..end].to_owned())
            .collect()
    }

    #[test]
    fn kinds_differ_where_they_should() {
        for (kind, text, expected) in [
            ("gpt-2", "it's 2024!\n\n x", &["it", "'s", " 2024", "!", "\n\n", " x"][..]),
            ("smollm", "it's 2024!", &["it", "'s", " ", "2", "0", "2", "4", "!"]),
            ("qwen2", "IT'S 2024!\n\n x", &["IT", "'S", " ", "2", "0", "2", "4", "!\n\n", " x"]),
            ("llama-bpe", "it's 2024!\n", &["it", "'s", " ", "202", "4", "!\n"]),
            ("default", "it's <2024>", &["it", "'", "s", " ", "<", "202", "4", ">"]),
            ("gpt-2", "a   b", &["a", "  ", " b"]),
            ("tekken", "HTTPServer it's 24", &["HTTPServer", " it", "'s", " ", "2", "4"]),
            ("gpt-4o", "aBC it's 2024", &["a", "BC", " it's", " ", "202", "4"]),
        ] {
            assert_eq!(pieces(kind, text), expected, "{kind}: {text:?}");
        }
    }
}
