//! The vocabulary part of a Hugging Face folder, as plain data, and what its tokens stand for.

use serde_json::Value;
use tokenizers::Tokenizer as Encoder;

use crate::byte_level::{byte_of_character, bytes_of};
use crate::sentence_piece::{byte_of_token, bytes_of_piece};
use crate::{TokenId, TokenKind, TokenizerError, Vocabulary};

/// What a folder says about its vocabulary; whoever reads the files fills this in.
#[derive(Debug, Clone, Default)]
pub struct HfVocabulary {
    /// The text of `tokenizer.json`.
    pub tokenizer_json: String,
    /// The text of the beginning-of-sequence token, from `tokenizer_config.json`.
    pub bos: Option<String>,
    /// The text of the end-of-sequence token, from the same.
    pub eos: Option<String>,
    /// Further ids that end generation, from `config.json` and `generation_config.json`.
    pub other_ends: Vec<TokenId>,
}

/// How a vocabulary writes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// GPT-2's alphabet of 256 characters.
    ByteLevel,
    /// SentencePiece's: `▁` for a space, `<0x0A>` for a byte.
    SentencePiece,
    /// As it stands.
    Verbatim,
}

impl HfVocabulary {
    /// Builds the encoder, and the bytes of each token.
    pub(crate) fn read(&self) -> Result<(Encoder, Vocabulary), TokenizerError> {
        let refuse = |error: String| {
            TokenizerError::Vocabulary(format!("tokenizer.json cannot be read: {error}"))
        };
        let json: Value = serde_json::from_str(&self.tokenizer_json)
            .map_err(|error| refuse(error.to_string()))?;
        let spelling = Spelling::of(&json);
        let mut encoder: Encoder = self
            .tokenizer_json
            .parse()
            .map_err(|error: tokenizers::Error| refuse(error.to_string()))?;
        // What a training run set up; here every token of a text counts.
        encoder.with_padding(None);
        encoder.with_truncation(None).map_err(|error| refuse(error.to_string()))?;

        let added = encoder.get_added_tokens_decoder();
        let size = encoder.get_vocab(true).values().max().map_or(0, |id| id + 1);
        let byte_of = byte_of_character();
        let vocabulary = Vocabulary::new((0..size).map(|id| {
            let Some(text) = encoder.id_to_token(id) else {
                return (Vec::new(), TokenKind::Unused);
            };
            match added.get(&id) {
                Some(token) if token.special => (text.into_bytes(), TokenKind::Control),
                Some(_) => (text.into_bytes(), TokenKind::UserDefined),
                None => match spelling {
                    Spelling::ByteLevel => (bytes_of(&byte_of, &text), TokenKind::Normal),
                    Spelling::SentencePiece => sentence_piece_token(&text),
                    Spelling::Verbatim => (text.into_bytes(), TokenKind::Normal),
                },
            }
        }));
        Ok((encoder, vocabulary))
    }
}

impl Spelling {
    /// Looks at the steps that turn tokens back into text.
    fn of(tokenizer: &Value) -> Self {
        let step = &tokenizer["decoder"];
        let steps = step["decoders"].as_array().map_or(std::slice::from_ref(step), Vec::as_slice);
        let has = |kind: &str| steps.iter().any(|step| step["type"] == kind);
        let replaces_space = steps.iter().any(|step| step["pattern"]["String"] == "▁");
        if has("ByteLevel") {
            Spelling::ByteLevel
        } else if has("Metaspace") || has("ByteFallback") || replaces_space {
            Spelling::SentencePiece
        } else {
            Spelling::Verbatim
        }
    }
}

fn sentence_piece_token(text: &str) -> (Vec<u8>, TokenKind) {
    match byte_of_token(text) {
        Some(byte) => (vec![byte], TokenKind::Byte),
        None => (bytes_of_piece(text), TokenKind::Normal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tokenizer;

    fn tokenizer(json: &str) -> Tokenizer {
        let source = HfVocabulary {
            tokenizer_json: json.into(),
            bos: Some("<s>".into()),
            eos: Some("</s>".into()),
            other_ends: vec![TokenId(3)],
        };
        Tokenizer::from_hf(&source).unwrap()
    }

    const ADDED: &str = r#"[
        {"id": 0, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
        {"id": 1, "content": "</s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false},
        {"id": 2, "content": "<tool>", "special": false, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
    ]"#;

    #[test]
    fn byte_level_files_are_spelled_in_bytes() {
        let json = format!(
            r#"{{"version": "1.0", "added_tokens": {ADDED}, "normalizer": null,
            "pre_tokenizer": {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}},
            "post_processor": null, "decoder": {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}},
            "model": {{"type": "BPE", "vocab": {{"<s>": 0, "</s>": 1, "<tool>": 2, "Ġ": 3, "a": 4, "Ġa": 5, "Ã": 6, "©": 7}}, "merges": ["Ġ a"]}}}}"#
        );
        let tokenizer = tokenizer(&json);
        let ids = tokenizer.encode("a a<tool>é</s>").unwrap();
        assert_eq!(ids, [4, 5, 2, 6, 7, 1].map(TokenId));
        assert_eq!(tokenizer.vocabulary().decode(&ids), "a a<tool>é</s>");
        assert_eq!(tokenizer.vocabulary().display(TokenId(6)), "⟨C3⟩");
        let special: Vec<bool> =
            [0, 1, 2, 3].map(|id| tokenizer.vocabulary().is_special(TokenId(id))).to_vec();
        assert_eq!(special, [true, true, false, false]);
        let ends: Vec<bool> = [0, 1, 2, 3].map(|id| tokenizer.is_end(TokenId(id))).to_vec();
        assert_eq!(ends, [false, true, false, true]);
        assert_eq!((tokenizer.bos(), tokenizer.eos()), (Some(TokenId(0)), Some(TokenId(1))));
    }

    #[test]
    fn sentence_piece_files_keep_their_leading_space_and_their_bytes() {
        let json = format!(
            r#"{{"version": "1.0", "added_tokens": {ADDED},
            "normalizer": {{"type": "Sequence", "normalizers": [{{"type": "Prepend", "prepend": "▁"}}, {{"type": "Replace", "pattern": {{"String": " "}}, "content": "▁"}}]}},
            "pre_tokenizer": null,
            "post_processor": {{"type": "TemplateProcessing", "single": [{{"SpecialToken": {{"id": "<s>", "type_id": 0}}}}, {{"Sequence": {{"id": "A", "type_id": 0}}}}], "pair": [], "special_tokens": {{"<s>": {{"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}}}},
            "decoder": {{"type": "Sequence", "decoders": [{{"type": "Replace", "pattern": {{"String": "▁"}}, "content": " "}}, {{"type": "ByteFallback"}}, {{"type": "Fuse"}}]}},
            "model": {{"type": "BPE", "byte_fallback": true, "vocab": {{"<s>": 0, "</s>": 1, "<tool>": 2, "▁": 3, "a": 4, "▁a": 5, "<0xC3>": 6, "<0xA9>": 7}}, "merges": ["▁ a"]}}}}"#
        );
        let tokenizer = tokenizer(&json);
        let ids = tokenizer.encode_prompt("a é").unwrap();
        assert_eq!(ids, [0, 5, 3, 6, 7].map(TokenId));
        assert_eq!(tokenizer.vocabulary().decode(&ids[1..]), " a é");
        assert_eq!(tokenizer.vocabulary().kind(TokenId(6)), TokenKind::Byte);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        for json in ["", "{}", r#"{"model": {"type": "Magic"}}"#] {
            let source = HfVocabulary { tokenizer_json: json.into(), ..HfVocabulary::default() };
            let error = Tokenizer::from_hf(&source).err().expect("must be refused");
            assert!(error.to_string().contains("tokenizer.json"), "{error}");
        }
    }
}
