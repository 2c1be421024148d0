//! The vocabulary part of a Hugging Face folder, as plain data, and what its tokens stand for.

mod checks;
mod class;
mod description;
mod effects;
mod looked_for;
mod settings;

use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::{
    DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    Tokenizer as Encoder, TokenizerImpl,
};

use self::checks::{check, check_added};
use self::class::TokenizerClass;
use self::description::{Description, ModelDescription};
use self::settings::NamedTokens;
use crate::byte_level::{byte_of_character, bytes_of};
use crate::panics::caught;
use crate::sentence_piece::{byte_of_token, bytes_of_piece};
use crate::{SpecialTokens, TokenId, TokenKind, TokenizerError, Vocabulary};

/// What a folder says about its vocabulary; whoever reads the files fills this in.
#[derive(Debug, Clone, Default)]
pub struct HfVocabulary {
    /// The text of `tokenizer.json`.
    pub tokenizer_json: String,
    /// `tokenizer_config.json`. This and the other files are null where they are absent.
    pub settings: Value,
    /// `special_tokens_map.json`
    pub special_tokens_map: Value,
    /// `added_tokens.json`
    pub added_tokens: Value,
    /// `config.json`, which says what tokenizer a model has if its settings do not.
    pub config: Value,
    /// Further ids that end generation, from `config.json` or `generation_config.json`.
    pub other_ends: Vec<TokenId>,
}

/// What a folder's files give.
pub(crate) struct HfTokenizer {
    pub(crate) encoder: Encoder,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) special_tokens: SpecialTokens,
    /// The ids of the tokens called `bos_token`, `eos_token`, `unk_token` and `pad_token`.
    pub(crate) named: [Option<TokenId>; 4],
    /// A marker that makes a text one with a part to be filled in.
    pub(crate) infilling_marker: Option<String>,
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
    pub(crate) fn read(&self) -> Result<HfTokenizer, TokenizerError> {
        let refuse = |error: String| {
            TokenizerError::Vocabulary(format!("tokenizer.json cannot be read: {error}"))
        };
        let description: Description = serde_json::from_str(&self.tokenizer_json)
            .map_err(|error| refuse(error.to_string()))?;
        let spelling = Spelling::of(&description.decoder);
        check(&description).map_err(refuse)?;
        let mut encoder = encoder(&self.tokenizer_json, &description.model).map_err(refuse)?;
        // What a training run set up; here every token of a text counts.
        encoder.with_padding(None);
        encoder.with_truncation(None).map_err(|error| refuse(error.to_string()))?;

        if let Some(unknown) = description.model.unk_token.as_str()
            && spelling != Spelling::ByteLevel
            && encoder.token_to_id(unknown).is_none()
        {
            return Err(refuse(format!("its unknown token {unknown:?} is not in its vocabulary")));
        }
        let (class, tokens) = self
            .settle(&description, &mut encoder)
            .map_err(|error| TokenizerError::Settings(error.to_string()))?;

        let added = encoder.get_added_tokens_decoder();
        let largest = description.model.vocab.0.iter().map(|(id, _)| *id as u32);
        let size = largest.chain(added.keys().copied()).max().map_or(0, |largest| largest + 1);
        let byte_of = byte_of_character();
        let vocabulary = Vocabulary::new((0..size).map(|id| {
            let Some(text) = encoder.id_to_token(id) else {
                return (Vec::new(), TokenKind::Unused);
            };
            match added.get(&id) {
                Some(token) if token.special => (text.into_bytes(), TokenKind::Control),
                // Gemma's runs of spaces are added, and the decoder spells them like any other piece.
                Some(_) if spelling == Spelling::SentencePiece => {
                    (sentence_piece_token(&text).0, TokenKind::UserDefined)
                }
                Some(_) => (text.into_bytes(), TokenKind::UserDefined),
                None => match spelling {
                    Spelling::ByteLevel => (bytes_of(&byte_of, &text), TokenKind::Normal),
                    Spelling::SentencePiece => sentence_piece_token(&text),
                    Spelling::Verbatim => (text.into_bytes(), TokenKind::Normal),
                },
            }
        }));
        let id_of = |name| tokens.text(name).and_then(|text| encoder.token_to_id(text));
        Ok(HfTokenizer {
            named: ["bos_token", "eos_token", "unk_token", "pad_token"]
                .map(|name| id_of(name).map(TokenId)),
            special_tokens: tokens.for_templates(),
            infilling_marker: effects::infilling_marker(class, &self.settings),
            vocabulary,
            encoder,
        })
    }

    /// Adds to the encoder what the other files say, as the tokenizer's class does.
    fn settle(
        &self,
        description: &Description,
        encoder: &mut Encoder,
    ) -> Result<(&'static TokenizerClass, NamedTokens), String> {
        let class = TokenizerClass::of(&self.settings, &self.config)?;
        let padding = description.padding["pad_token"].as_str();
        let tokens = NamedTokens::of(self, class, padding, &description.added_tokens)?;
        let known = encoder.get_added_tokens_decoder();
        let known = known.values().map(|token| (&*token.content, token)).collect();
        let new = looked_for::settled(&known, tokens.to_add(&known), &description.normalizer)?;
        check_added(description, &new)?;
        caught(|| encoder.add_tokens(new))?;
        effects::apply(class, &self.settings, &tokens, description, encoder)?;
        Ok((class, tokens))
    }
}

/// Byte-level BPE and SentencePiece's, with whatever else a file says.
type BpeEncoder = TokenizerImpl<
    BPE,
    NormalizerWrapper,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// Builds the encoder. The tokenizers crate copies the model several times while it finds out of
/// which kind it is, which takes as long as all the rest of a load. So for BPE, which nearly all files
/// are, it is told; where that fails, it has the last word.
fn encoder(json: &str, model: &ModelDescription) -> Result<Encoder, String> {
    if model.r#type == "BPE"
        && let Ok(encoder) = caught(|| serde_json::from_str::<BpeEncoder>(json))
    {
        return Ok(encoder.into());
    }
    caught(|| json.parse())
}

impl Spelling {
    /// Looks at the steps that turn tokens back into text.
    fn of(step: &Value) -> Self {
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
    use serde_json::json;

    fn tokenizer(json: &str) -> Tokenizer {
        let source = HfVocabulary {
            tokenizer_json: json.into(),
            settings: json!({"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<tool>"}),
            other_ends: vec![TokenId(3)],
            ..HfVocabulary::default()
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
        // The padding token is special, whatever else is said of it.
        assert_eq!(special, [true, true, true, false]);
        let ends: Vec<bool> = [0, 1, 2, 3].map(|id| tokenizer.is_end(TokenId(id))).to_vec();
        assert_eq!(ends, [false, true, false, true]);
        assert_eq!((tokenizer.bos(), tokenizer.eos()), (Some(TokenId(0)), Some(TokenId(1))));
        assert_eq!((tokenizer.unknown(), tokenizer.padding()), (None, Some(TokenId(2))));
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
        // Added tokens are pieces too, unless they are special. The same by the tokenizers crate's
        // decoder, but for the special one, which is shown by its name here.
        for (added, special, shown) in
            [("▁▁", false, "␠␠"), ("▁▁", true, "▁▁"), ("<0x0A>", false, "⏎")]
        {
            let added = json
                .replace("<tool>", added)
                .replace(r#""special": false"#, &format!(r#""special": {special}"#));
            assert_eq!(
                self::tokenizer(&added).vocabulary().display(TokenId(2)),
                shown,
                "{special}"
            );
        }
        // A chat template writes the BOS token, so nothing is added to it.
        assert_eq!(tokenizer.encode("<s>a").unwrap(), [0, 5].map(TokenId));
        assert_eq!(tokenizer.vocabulary().kind(TokenId(6)), TokenKind::Byte);
    }

    #[test]
    fn hostile_files_are_refused() {
        let model = r#"{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}"#;
        let file =
            |model: &str, more: &str| format!(r#"{{"version": "1.0", "model": {model}{more}}}"#);
        let normalizer = |json: &str| file(model, &format!(r#", "normalizer": {json}"#));
        let split = |pattern: &str| {
            let split = r#"{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex": "P"}}"#;
            file(model, &format!(r#", "pre_tokenizer": {}"#, split.replace('P', pattern)))
        };
        let twice = r#"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#;
        let doubling = format!(r#", "normalizer": {twice}"#);
        let added = |bytes: usize, normalized: bool, more: &str| {
            let text = "a".repeat(bytes);
            let token = format!(
                r#", "added_tokens": [{{"id": 3, "content": "{text}", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": {normalized}}}]{more}"#
            );
            file(model, &token)
        };
        for (json, complaint) in [
            (file(&model.replace('2', "4000000000"), ""), "the id 4000000000"),
            (file(&model.replace('2', "4294967295"), ""), "the id 4294967295"),
            (file(&model.replace('2', "99999999999"), ""), "tokenizer.json"),
            (file(&model.replace('2', "1"), ""), "the same id, 1"),
            (file(&model.replace("a b", "a x"), ""), "tokenizer.json"),
            (file(&model.replace("a b", "ab"), ""), "tokenizer.json"),
            (file(&model.replace("}, \"m", "}, \"unk_token\": \"?\", \"m"), ""), "\"?\" is not in"),
            (file(&model.replace("}, \"m", "}, \"dropout\": 0.5, \"m"), ""), "at random"),
            (
                file(
                    model,
                    r#", "added_tokens": [{"id": 3999999999, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}]"#,
                ),
                "",
            ),
            (
                normalizer(&format!(
                    r#"{{"type": "Sequence", "normalizers": [{}]}}"#,
                    [twice; 40].join(",")
                )),
                "times as long",
            ),
            (
                normalizer(&format!(
                    r#"{{"type": "Replace", "pattern": {{"Regex": ""}}, "content": "{}"}}"#,
                    "x".repeat(2000)
                )),
                "times as long",
            ),
            (added(4097, false, ""), "has 4097 bytes, and at most 4096"),
            (added(4096, true, &doubling), "has 8192 bytes, and at most 4096"),
            (added(8_000_000, true, &doubling), "has 8000000 bytes, and at most 4096"),
            (split("(?=(a|aa)+b)a"), "may take for ever"),
            (split(r"(?:a+){2,9}(?!b)"), "may take for ever"),
            (split(r"(?#[)(a+)+(?#])(?!b)"), "may take for ever"),
            (split(r"[)*](?>(?<!b)(a+)*c)"), "may take for ever"),
            (split("(a+)+(?!b)"), "may take for ever"),
            (split("(a{1000}){1000}{1000}"), "tokenizer.json"),
            (split("("), "tokenizer.json"),
            (
                normalizer(r#"{"type": "Precompiled", "precompiled_charsmap": "AAA"}"#),
                "carried out",
            ),
            (normalizer(r#"{"type": "Precompiled", "precompiled_charsmap": 1}"#), "carried out"),
        ] {
            let source = HfVocabulary { tokenizer_json: json.clone(), ..HfVocabulary::default() };
            // The tokenizers crate gives an added token the next free id, whatever the file says.
            match Tokenizer::from_hf(&source) {
                Ok(tokenizer) => {
                    assert!(complaint.is_empty(), "must be refused: {json}");
                    assert!(tokenizer.vocabulary().len() < 10);
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(complaint), "{json}: {error} should say {complaint}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_text_is_the_models_where_the_vocabulary_is_silent() {
        let json = r#"{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
            "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "c": 2}, "unk_token": "a"}}"#;
        for (eos, other_ends, expected) in
            [(None, vec![2, 1], Some(2)), (Some("b"), vec![2], Some(1)), (None, vec![], None)]
        {
            let source = HfVocabulary {
                tokenizer_json: json.into(),
                settings: json!({"eos_token": eos}),
                other_ends: other_ends.into_iter().map(TokenId).collect(),
                ..HfVocabulary::default()
            };
            let tokenizer = Tokenizer::from_hf(&source).unwrap();
            assert_eq!(tokenizer.eos(), expected.map(TokenId), "{eos:?}");
        }
    }

    #[test]
    fn a_text_with_a_part_to_be_filled_in_is_refused() {
        let json = r#"{"version": "1.0", "added_tokens": [], "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"#;
        for (settings, text, is_refused) in [
            (json!({"tokenizer_class": "CodeLlamaTokenizer"}), "a<FILL_ME>a", true),
            (json!({"tokenizer_class": "CodeLlamaTokenizer"}), "a<FILL>a", false),
            (
                json!({"tokenizer_class": "CodeLlamaTokenizer", "fill_token": "<FILL>"}),
                "<FILL>",
                true,
            ),
            (
                json!({"tokenizer_class": "CodeLlamaTokenizer", "fill_token": null}),
                "<FILL_ME>",
                false,
            ),
            (json!({"tokenizer_class": "LlamaTokenizer"}), "a<FILL_ME>a", false),
        ] {
            let source =
                HfVocabulary { tokenizer_json: json.into(), settings, ..HfVocabulary::default() };
            let tokenizer = Tokenizer::from_hf(&source).unwrap();
            for encoded in [tokenizer.encode(text), tokenizer.encode_prompt(text)] {
                let error = encoded.err().map(|error| error.to_string()).unwrap_or_default();
                assert_eq!(error.contains("to be filled in"), is_refused, "{text}: {error}");
            }
        }
    }

    #[test]
    fn telling_the_kind_of_model_changes_nothing() {
        for (merges, more, is_told) in [
            (r#"["Ġ a", "a a"]"#, "", true),
            (r#"[["Ġ", "a"], ["a", "a"]]"#, r#""ignore_merges": true, "unk_token": "a","#, true),
            // What a later version may add, and what a key given twice means, is the crate's to say.
            (r#"["Ġ a"]"#, r#""whatever": [1],"#, false),
            (r#"["Ġ a"]"#, r#""merges": [],"#, true),
            (r#"["Ġ x"]"#, "", false),
        ] {
            let json = format!(
                r#"{{"version": "1.0", "added_tokens": {ADDED},
                "model": {{"type": "BPE", {more} "vocab": {{"Ġ": 0, "a": 1, "Ġa": 2, "aa": 3}}, "merges": {merges}}}}}"#
            );
            let model: Description = serde_json::from_str(&json).unwrap();
            let text = |encoder: Result<Encoder, String>| {
                encoder?.to_string(false).map_err(|e| e.to_string())
            };
            let told = text(encoder(&json, &model.model));
            assert_eq!(told, text(caught(|| json.parse())), "{json}");
            assert_eq!(serde_json::from_str::<BpeEncoder>(&json).is_ok(), is_told, "{json}");
        }
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
