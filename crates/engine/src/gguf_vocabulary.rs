//! From a GGUF file's metadata to the plain data a tokenizer is built from. This lives here
//! because `tokens` opens no files and `model` knows no text.

use tokenscope_model::GgufFile;
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind};

/// Reads the `tokenizer.*` keys.
///
/// # Errors
/// A sentence that names the key that is missing or odd.
pub(crate) fn read(file: &GgufFile) -> Result<GgufVocabulary, String> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let missing = |name: &str| format!("the file's metadata has no usable {:?}", key(name));
    let id = |name: &str| file.uint(&key(name)).and_then(|id| u32::try_from(id).ok()).map(TokenId);
    let texts = |name: &str| -> Option<Vec<String>> {
        Some(file.texts(&key(name))?.into_iter().map(str::to_owned).collect())
    };
    let kinds = file.ints(&key("token_type")).unwrap_or_default();
    let kinds: Option<Vec<TokenKind>> = kinds.into_iter().map(TokenKind::from_gguf).collect();
    let kinds = kinds.ok_or_else(|| missing("token_type"))?;
    let tokens = texts("tokens").ok_or_else(|| missing("tokens"))?;
    let scores = file.floats(&key("scores")).unwrap_or_default();
    let name = file.text("general.name").unwrap_or_default().to_lowercase();
    Ok(GgufVocabulary {
        model: file.text(&key("model")).ok_or_else(|| missing("model"))?.to_owned(),
        pre: file.text(&key("pre")).map(str::to_owned),
        other_ends: other_ends(id, &tokens, &kinds),
        tokens,
        kinds,
        merges: texts("merges").unwrap_or_default(),
        scores: scores.into_iter().map(|score| score as f32).collect(),
        unknown: id("unknown_token_id"),
        padding: id("padding_token_id"),
        add_space_prefix: file.flag(&key("add_space_prefix")),
        is_phi3: ["phi-3", "phi3"].iter().any(|phi3| name.contains(phi3)),
        bos: id("bos_token_id"),
        eos: id("eos_token_id"),
        add_bos: file.flag(&key("add_bos_token")),
        add_eos: file.flag(&key("add_eos_token")),
        chat_template: chat_template(file),
    })
}

/// Markers that end a turn or a text in the formats there are. Older files do not say that theirs do;
/// llama.cpp knows them by their texts, too.
const ENDS_OF_TURN: &[&str] = &[
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<EOT>",
    "<|end_of_text|>",
    "<eos>",
    "</s>",
];

/// Ids that end generation beside the declared one: those the file names, and known markers.
fn other_ends(
    id: impl Fn(&str) -> Option<TokenId>,
    tokens: &[String],
    kinds: &[TokenKind],
) -> Vec<TokenId> {
    let named = ["eot_token_id", "eom_token_id"].into_iter().filter_map(id);
    let known = tokens.iter().zip(kinds).enumerate().filter_map(|(id, (text, kind))| {
        let ends = *kind != TokenKind::Normal && ENDS_OF_TURN.contains(&text.as_str());
        ends.then_some(TokenId(id as u32))
    });
    named.chain(known).collect()
}

/// The template, or of several named ones the default. The names of the others stand in
/// `tokenizer.chat_templates`, the templates under `tokenizer.chat_template.NAME`; they are for tools
/// and the like.
fn chat_template(file: &GgufFile) -> Option<String> {
    ["tokenizer.chat_template", "tokenizer.chat_template.default"]
        .into_iter()
        .find_map(|key| file.text(key))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Entry {
        Text(&'static str),
        Texts(&'static [&'static str]),
        Scores(&'static [f32]),
        Id(u32),
        Flag(bool),
    }
    use Entry::{Flag, Id, Scores, Text, Texts};

    /// A file (GGUF v3) of metadata alone.
    fn file(entries: &[(&str, Entry)]) -> GgufFile {
        fn push_text(bytes: &mut Vec<u8>, text: &str) {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.bytes());
        }
        let push_head = |bytes: &mut Vec<u8>, kinds: &[u32]| {
            bytes.extend(kinds.iter().flat_map(|kind| kind.to_le_bytes()));
        };
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(0u64.to_le_bytes());
        bytes.extend((entries.len() as u64).to_le_bytes());
        for (key, entry) in entries {
            push_text(&mut bytes, key);
            match entry {
                Text(text) => {
                    push_head(&mut bytes, &[8]);
                    push_text(&mut bytes, text);
                }
                Texts(texts) => {
                    push_head(&mut bytes, &[9, 8]);
                    bytes.extend((texts.len() as u64).to_le_bytes());
                    texts.iter().for_each(|text| push_text(&mut bytes, text));
                }
                Scores(scores) => {
                    push_head(&mut bytes, &[9, 6]);
                    bytes.extend((scores.len() as u64).to_le_bytes());
                    bytes.extend(scores.iter().flat_map(|score| score.to_le_bytes()));
                }
                Id(id) => push_head(&mut bytes, &[4, *id]),
                Flag(flag) => {
                    push_head(&mut bytes, &[7]);
                    bytes.push(u8::from(*flag));
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocabulary.gguf");
        std::fs::write(&path, bytes).unwrap();
        GgufFile::open(&path).unwrap()
    }

    #[test]
    fn the_keys_of_a_sentence_piece_vocabulary_are_read() {
        let vocabulary = read(&file(&[
            ("general.name", Text("Phi-3 Mini")),
            ("tokenizer.ggml.model", Text("llama")),
            ("tokenizer.ggml.tokens", Texts(&["<unk>", "a"])),
            ("tokenizer.ggml.scores", Scores(&[0.0, -1.5])),
            ("tokenizer.ggml.unknown_token_id", Id(0)),
            ("tokenizer.ggml.bos_token_id", Id(1)),
            ("tokenizer.ggml.add_space_prefix", Flag(false)),
            ("tokenizer.ggml.add_bos_token", Flag(true)),
        ]))
        .unwrap();
        assert_eq!((vocabulary.model.as_str(), vocabulary.is_phi3), ("llama", true));
        assert_eq!(vocabulary.scores, [0.0, -1.5]);
        assert_eq!((vocabulary.unknown, vocabulary.bos), (Some(TokenId(0)), Some(TokenId(1))));
        assert_eq!((vocabulary.add_space_prefix, vocabulary.add_bos), (Some(false), Some(true)));
    }

    #[test]
    fn of_named_templates_the_default_is_taken() {
        let (plain, default, tools) = (
            ("tokenizer.chat_template", Text("P")),
            ("tokenizer.chat_template.default", Text("D")),
            ("tokenizer.chat_template.tool_use", Text("T")),
        );
        let names = ("tokenizer.chat_templates", Texts(&["default", "tool_use"]));
        let only_tools = ("tokenizer.chat_template.tool_use", Text("T"));
        for (entries, expected) in [
            (vec![plain, tools, names], Some("P")),
            (vec![default, only_tools], Some("D")),
            (vec![("tokenizer.chat_template.rag", Text("R"))], None),
            (vec![], None),
        ] {
            assert_eq!(chat_template(&file(&entries)).as_deref(), expected);
        }
    }

    #[test]
    fn markers_that_end_a_turn_are_known_even_if_the_file_does_not_say() {
        let tokens = ["a", "<end_of_turn>", "<|im_end|>", "<|tool|>", "<pad>"].map(str::to_owned);
        // A text that reads like a marker but is none does not end anything.
        let control = TokenKind::Control;
        let kinds = [TokenKind::Normal, control, TokenKind::Normal, control, control];
        let named = |key: &str| (key == "eot_token_id").then_some(TokenId(4));
        assert_eq!(other_ends(named, &tokens, &kinds), [4, 1].map(TokenId));
    }
}
