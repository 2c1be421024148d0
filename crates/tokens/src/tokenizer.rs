//! Text to ids and back.
//!
//! The merging is the `tokenizers` crate's (SentencePiece vocabularies of GGUF files have their
//! own, in `sentence_piece`); two designs were possible for what surrounds it. One
//! keeps that crate's decoder and special-token tables as the truth. The other, chosen here, keeps
//! our own byte table ([`Vocabulary`]) and uses the crate for encoding alone: grammars, display and
//! decoding all want bytes, and the crate only gives (lossy) text.

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::{AddedToken, Tokenizer as CrateTokenizer};

use crate::byte_level::{byte_of_character, bytes_of};
use crate::markers::MarkerBytes;
use crate::panics::caught;
use crate::pre_tokenizer;
use crate::sentence_piece::{SentencePiece, byte_of_token, bytes_of_piece};
use crate::{GgufVocabulary, HfVocabulary, SpecialTokens, TokenId, TokenKind, Vocabulary};

/// A model's tokenizer.
pub struct Tokenizer {
    encoder: Encoder,
    vocabulary: Vocabulary,
    bos: Option<TokenId>,
    eos: Option<TokenId>,
    unknown: Option<TokenId>,
    padding: Option<TokenId>,
    /// Every token that ends generation, by id.
    ends: Vec<TokenId>,
    marks: Marks,
    special_tokens: SpecialTokens,
    /// A marker that makes a text one with a part to be filled in.
    infilling_marker: Option<String>,
}

/// What turns text into ids.
enum Encoder {
    /// The tokenizers crate: byte-level BPE, and whatever a `tokenizer.json` says.
    Crate(Box<CrateTokenizer>),
    /// Merging by score.
    SentencePiece(Box<SentencePiece>),
}

/// What a plain prompt gets before and after it.
enum Marks {
    /// These tokens, as a GGUF file's flags say.
    Tokens { before: Option<TokenId>, after: Option<TokenId> },
    /// Whatever the post-processor of a `tokenizer.json` adds.
    PostProcessor,
}

/// Why a tokenizer could not be built.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The tokenizer's kind is not one we know.
    #[error(
        "the file's tokenizer is of kind {found:?}; supported kinds: gpt2 (byte-level BPE), \
             llama (SentencePiece)"
    )]
    UnknownModel {
        /// The value of `tokenizer.ggml.model`.
        found: String,
    },
    /// The pre-tokenizer's name is not one we know; guessing would give wrong tokens.
    #[error("the file's pre-tokenizer is {found:?}; supported: {known}")]
    UnknownPreTokenizer {
        /// The value of `tokenizer.ggml.pre`.
        found: String,
        /// The names that are understood.
        known: String,
    },
    /// The vocabulary contradicts itself.
    #[error("the file's vocabulary cannot be used: {0}")]
    Vocabulary(String),
    /// The files around a `tokenizer.json` ask for what we do not have, or contradict themselves.
    #[error("the model's tokenizer cannot be used: {0}")]
    Settings(String),
    /// The text asks for a part of it to be filled in.
    #[error(
        "the text contains {marker:?}, at which the model's tokenizer would make two parts of it with one \
         to be filled in between, which is not supported"
    )]
    Infilling {
        /// What stands for the part.
        marker: String,
    },
}

impl Tokenizer {
    /// Builds a tokenizer from a GGUF file's vocabulary.
    ///
    /// # Errors
    /// Unknown kinds are refused, never guessed at; so are contradictions such as a merge of
    /// tokens that do not exist.
    pub fn from_gguf(source: &GgufVocabulary) -> Result<Self, TokenizerError> {
        let n_tokens = source.tokens.len();
        let refuse = |what: String| Err(TokenizerError::Vocabulary(what));
        if !source.kinds.is_empty() && source.kinds.len() != n_tokens {
            return refuse(format!("{n_tokens} tokens but {} token types", source.kinds.len()));
        }
        let named = [source.bos, source.eos, source.unknown];
        for id in named.iter().flatten().chain(&source.other_ends) {
            if id.index() >= n_tokens {
                return refuse(format!(
                    "it names token {id} as special, but has only {n_tokens} tokens"
                ));
            }
        }

        let mut marker_bytes = MarkerBytes::default();
        for (text, _) in
            source.tokens.iter().zip(&source.kinds).filter(|(_, kind)| kind.is_marker())
        {
            marker_bytes.add(text.len()).map_err(TokenizerError::Vocabulary)?;
        }

        let mut ids: AHashMap<String, TokenId> = AHashMap::with_capacity(n_tokens);
        for (id, text) in source.tokens.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            let id = TokenId(id as u32);
            if let Some(first) = ids.insert(text.clone(), id) {
                return refuse(format!("{text:?} is both token {first} and token {id}"));
            }
        }

        let (encoder, adds_bos) = match source.model.as_str() {
            "gpt2" => {
                let pre = source.pre.as_deref().unwrap_or("default");
                let kind = pre_tokenizer::find(pre).ok_or_else(|| {
                    let known = pre_tokenizer::known_names();
                    TokenizerError::UnknownPreTokenizer { found: pre.to_owned(), known }
                })?;
                (Encoder::Crate(byte_level_bpe(source, ids, kind)?.into()), kind.adds_bos)
            }
            "llama" => (Encoder::SentencePiece(SentencePiece::new(source, ids)?.into()), true),
            other => return Err(TokenizerError::UnknownModel { found: other.to_owned() }),
        };
        // SentencePiece files of old converters leave BOS and EOS to the convention.
        let is_sentence_piece = matches!(encoder, Encoder::SentencePiece(_));
        let by_convention =
            |id: u32| (is_sentence_piece && (id as usize) < n_tokens).then_some(TokenId(id));
        let bos = source.bos.or(by_convention(1));
        let eos = source.eos.or(by_convention(2));
        let vocabulary = vocabulary_of(source, is_sentence_piece);
        let unknown = source.unknown_token();
        // Nothing that is read or written depends on it, so a wrong one costs nobody the model.
        let padding = source.padding.filter(|id| id.index() < n_tokens);
        let named = [
            ("bos_token", bos),
            ("eos_token", eos),
            ("unk_token", unknown),
            ("pad_token", padding),
        ];
        let text = |id| vocabulary.text(id).into_owned();
        let named = named.into_iter().filter_map(|(name, id)| Some((name.to_owned(), text(id?))));
        Ok(Tokenizer {
            encoder,
            special_tokens: SpecialTokens { named: named.collect(), additional: Vec::new() },
            vocabulary,
            bos,
            eos,
            unknown,
            padding,
            infilling_marker: None,
            ends: all_ends(eos, &source.other_ends),
            marks: Marks::Tokens {
                before: bos.filter(|_| source.add_bos.unwrap_or(adds_bos)),
                after: eos.filter(|_| source.add_eos.unwrap_or(false)),
            },
        })
    }

    /// Builds a tokenizer from the files of a Hugging Face folder.
    ///
    /// # Errors
    /// If `tokenizer.json` cannot be read, or the other files ask for what we do not have.
    pub fn from_hf(source: &HfVocabulary) -> Result<Self, TokenizerError> {
        let read = source.read()?;
        let [bos, eos, unknown, padding] = read.named;
        // Some files name no token that ends a text; then the model's settings do.
        let eos = eos.or(source.other_ends.first().copied());
        Ok(Tokenizer {
            encoder: Encoder::Crate(read.encoder.into()),
            vocabulary: read.vocabulary,
            bos,
            eos,
            unknown,
            padding,
            ends: all_ends(eos, &source.other_ends),
            marks: Marks::PostProcessor,
            special_tokens: read.special_tokens,
            infilling_marker: read.infilling_marker,
        })
    }

    /// Encodes text as it stands: nothing is added, but the text of a special token becomes that
    /// token.
    ///
    /// Bytes that the vocabulary has no token for are dropped, as the models' own tokenizers do
    /// (SmolLM2 lacks a few control characters).
    ///
    /// # Errors
    /// [`TokenizerError::Vocabulary`] if the encoder refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        self.encode_with(text, false)
    }

    /// Encodes text that stands for itself: what looks like a special token becomes the longest other
    /// tokens it can be put together of, from its beginning on.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_literally(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        let ids = self.encode(text)?;
        if !ids.iter().any(|id| self.vocabulary.is_special(*id)) {
            return Ok(ids);
        }
        let plain: AHashMap<&[u8], TokenId> = (0..self.vocabulary.len() as u32)
            .map(TokenId)
            .filter(|id| self.vocabulary.kind(*id).is_text())
            .map(|id| (self.vocabulary.bytes(id), id))
            .collect();
        let mut literal = Vec::with_capacity(ids.len());
        for id in ids {
            if !self.vocabulary.is_special(id) {
                literal.push(id);
                continue;
            }
            let mut rest = self.vocabulary.bytes(id);
            while !rest.is_empty() {
                let longest =
                    (1..=rest.len()).rev().find_map(|n| Some((n, *plain.get(&rest[..n])?)));
                literal.extend(longest.map(|(_, id)| id));
                rest = &rest[longest.map_or(1, |(n, _)| n)..];
            }
        }
        Ok(literal)
    }

    fn encode_with(&self, text: &str, marks: bool) -> Result<Vec<TokenId>, TokenizerError> {
        let encoder = match &self.encoder {
            Encoder::Crate(encoder) => encoder,
            Encoder::SentencePiece(encoder) => return encoder.encode(text),
        };
        if let Some(marker) =
            self.infilling_marker.as_ref().filter(|marker| text.contains(&***marker))
        {
            return Err(TokenizerError::Infilling { marker: marker.clone() });
        }
        let encoding =
            caught(|| encoder.encode_fast(text, marks)).map_err(TokenizerError::Vocabulary)?;
        Ok(encoding.get_ids().iter().copied().map(TokenId).collect())
    }

    /// Encodes a plain prompt, with the BOS and EOS tokens the model's own settings ask for.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        match self.marks {
            Marks::PostProcessor => self.encode_with(text, true),
            Marks::Tokens { before, after } => {
                let ids = self.encode_with(text, false)?;
                Ok(before.into_iter().chain(ids).chain(after).collect())
            }
        }
    }

    /// Tokens of the vocabulary proper, without those added to it later.
    pub fn base_size(&self) -> usize {
        match &self.encoder {
            Encoder::Crate(encoder) => encoder.get_vocab_size(false),
            Encoder::SentencePiece(encoder) => encoder.size(),
        }
    }

    /// The tokens by id.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The beginning-of-sequence token.
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// The model's declared end-of-sequence token.
    pub fn eos(&self) -> Option<TokenId> {
        self.eos
    }

    /// The token for text that the vocabulary cannot spell.
    pub fn unknown(&self) -> Option<TokenId> {
        self.unknown
    }

    /// The token that fills up short sequences of a batch.
    pub fn padding(&self) -> Option<TokenId> {
        self.padding
    }

    /// The texts of the special tokens, which chat templates may mention.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special_tokens
    }

    /// Every token that ends generation, by id.
    pub fn ends(&self) -> &[TokenId] {
        &self.ends
    }

    /// Whether a token ends generation: the declared EOS, or another end-of-turn token.
    pub fn is_end(&self, id: TokenId) -> bool {
        self.ends.contains(&id)
    }
}

fn all_ends(eos: Option<TokenId>, others: &[TokenId]) -> Vec<TokenId> {
    let mut ends: Vec<TokenId> = eos.into_iter().chain(others.iter().copied()).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

fn byte_level_bpe(
    source: &GgufVocabulary,
    ids: AHashMap<String, TokenId>,
    kind: &pre_tokenizer::PreTokenizerKind,
) -> Result<CrateTokenizer, TokenizerError> {
    let refuse = |error: tokenizers::Error| TokenizerError::Vocabulary(error.to_string());
    let ids: AHashMap<String, u32> = ids.into_iter().map(|(text, id)| (text, id.0)).collect();
    let merges = source
        .merges
        .iter()
        .map(|merge| {
            // The first character may itself be a space in odd vocabularies, so look behind it.
            let after_first = merge.chars().next().map_or(0, char::len_utf8);
            let space = merge[after_first..].find(' ').map(|at| at + after_first);
            space.map(|at| (merge[..at].to_owned(), merge[at + 1..].to_owned())).ok_or_else(|| {
                TokenizerError::Vocabulary(format!("merge {merge:?} is not two tokens"))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;

    let bpe = BPE::builder()
        .vocab_and_merges(ids, merges)
        .ignore_merges(kind.ignore_merges)
        .build()
        .map_err(refuse)?;
    let mut encoder = CrateTokenizer::new(bpe);
    encoder.with_pre_tokenizer(Some(kind.build().map_err(refuse)?));

    let added = source.tokens.iter().zip(&source.kinds).filter_map(|(text, kind)| match kind {
        TokenKind::Control | TokenKind::Unknown => Some(AddedToken::from(text.clone(), true)),
        TokenKind::UserDefined => Some(AddedToken::from(text.clone(), false).normalized(false)),
        _ => None,
    });
    encoder.add_tokens(added.collect::<Vec<_>>()).map_err(refuse)?;
    Ok(encoder)
}

fn vocabulary_of(source: &GgufVocabulary, is_sentence_piece: bool) -> Vocabulary {
    let byte_of = byte_of_character();
    Vocabulary::new(source.tokens.iter().enumerate().map(|(id, text)| {
        let kind = source.kinds.get(id).copied().unwrap_or(TokenKind::Normal);
        let bytes = match kind {
            // Special and added tokens are written as plain text.
            kind if kind.is_marker() => text.clone().into_bytes(),
            TokenKind::Byte => {
                byte_of_token(text).map_or_else(|| text.clone().into_bytes(), |byte| vec![byte])
            }
            _ if is_sentence_piece => bytes_of_piece(text),
            _ => bytes_of(&byte_of, text),
        };
        (bytes, kind)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 256 bytes, two merges, a control and a user-defined token.
    fn source() -> GgufVocabulary {
        let mut alphabet: Vec<(u8, char)> =
            byte_of_character().into_iter().map(|(c, b)| (b, c)).collect();
        alphabet.sort_unstable();
        let mut tokens: Vec<String> = alphabet.iter().map(|(_, c)| c.to_string()).collect();
        tokens.extend(["Ġt", "Ġth", "<end>", "<tool>"].map(String::from));
        let mut kinds = vec![TokenKind::Normal; 258];
        kinds.extend([TokenKind::Control, TokenKind::UserDefined]);
        GgufVocabulary {
            model: "gpt2".into(),
            pre: Some("smollm".into()),
            tokens,
            kinds,
            merges: vec!["Ġ t".into(), "Ġt h".into()],
            eos: Some(TokenId(258)),
            ..GgufVocabulary::default()
        }
    }

    fn ids(text: &str) -> Vec<u32> {
        let tokenizer = Tokenizer::from_gguf(&source()).unwrap();
        tokenizer.encode(text).unwrap().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn bytes_merges_and_special_texts() {
        for (text, expected) in [
            ("", &[][..]),
            ("a the", &[97, 257, 101]),
            ("é", &[0xC3, 0xA9]),
            ("a<end> t<tool>", &[97, 258, 256, 259]),
            ("<en", &[60, 101, 110]),
            ("1 2", &[49, 32, 50]),
        ] {
            assert_eq!(ids(text), expected, "{text:?}");
        }
    }

    #[test]
    fn literally_a_special_token_is_text() {
        let tokenizer = Tokenizer::from_gguf(&source()).unwrap();
        for text in ["a the", "a<end> t<tool>", "<end><end>"] {
            let ids = tokenizer.encode_literally(text).unwrap();
            assert!(!ids.iter().any(|id| tokenizer.vocabulary().is_special(*id)), "{text:?}");
            assert_eq!(tokenizer.vocabulary().decode(&ids), text);
        }
        assert_eq!(
            tokenizer.encode_literally("a the").unwrap(),
            tokenizer.encode("a the").unwrap()
        );
    }

    #[test]
    fn what_was_encoded_decodes_to_the_same_text() {
        let tokenizer = Tokenizer::from_gguf(&source()).unwrap();
        for text in ["a the", "naïve 🎉\r\n\t", "<end><tool> x", "\u{0}\u{7F}\u{AD}"] {
            let ids = tokenizer.encode(text).unwrap();
            assert_eq!(tokenizer.vocabulary().decode(&ids), text);
        }
    }

    #[test]
    fn control_tokens_are_special_and_user_defined_ones_are_not() {
        let tokenizer = Tokenizer::from_gguf(&source()).unwrap();
        let special: Vec<bool> =
            [97, 258, 259].map(|id| tokenizer.vocabulary().is_special(TokenId(id))).to_vec();
        assert_eq!(special, [false, true, false]);
        assert!(tokenizer.is_end(TokenId(258)));
        assert!(!tokenizer.is_end(TokenId(259)));
    }

    #[test]
    fn bos_and_eos_are_added_to_prompts_when_the_file_says_so() {
        let encode = |add_bos, add_eos, pre: &str| {
            let source = GgufVocabulary {
                bos: Some(TokenId(259)),
                add_bos,
                add_eos,
                pre: Some(pre.into()),
                ..source()
            };
            Tokenizer::from_gguf(&source).unwrap().encode_prompt("a").unwrap()
        };
        for (add_bos, add_eos, pre, expected) in [
            (None, None, "smollm", &[97][..]),
            (Some(true), None, "smollm", &[259, 97]),
            (None, Some(true), "smollm", &[97, 258]),
            (None, None, "llama-bpe", &[259, 97]),
            (Some(false), None, "llama-bpe", &[97]),
        ] {
            let expected: Vec<TokenId> = expected.iter().copied().map(TokenId).collect();
            assert_eq!(encode(add_bos, add_eos, pre), expected, "{pre} {add_bos:?} {add_eos:?}");
        }
    }

    /// `source` with markers of this many bytes.
    fn with_markers(n: usize, bytes: usize) -> GgufVocabulary {
        let mut source = source();
        source.tokens.extend((0..n).map(|i| format!("{i:<bytes$}")));
        source.kinds.resize(source.tokens.len(), TokenKind::Control);
        source
    }

    #[test]
    fn unknown_kinds_and_contradictions_are_refused() {
        for (source, complaint) in [
            (GgufVocabulary { model: "t5".into(), ..source() }, "kind \"t5\""),
            (
                GgufVocabulary { pre: Some("falcon".into()), ..source() },
                "pre-tokenizer is \"falcon\"",
            ),
            (GgufVocabulary { merges: vec!["ab".into()], ..source() }, "not two tokens"),
            (GgufVocabulary { merges: vec!["q zz".into()], ..source() }, "cannot be used"),
            (GgufVocabulary { eos: Some(TokenId(999)), ..source() }, "token 999"),
            (GgufVocabulary { kinds: vec![TokenKind::Normal], ..source() }, "260 tokens but 1"),
            (with_markers(1, 4097), "has 4097 bytes, and at most 4096"),
            (GgufVocabulary { model: "llama".into(), ..with_markers(1, 4097) }, "at most 4096"),
            (with_markers(256, 4096), "more than 1048576 bytes in all"),
        ] {
            let error = Tokenizer::from_gguf(&source).err().expect("must be refused").to_string();
            assert!(error.contains(complaint), "{error} should say {complaint}");
        }
        let long = Tokenizer::from_gguf(&with_markers(255, 4096)).unwrap();
        assert_eq!(long.vocabulary().len(), 260 + 255);
    }
}
