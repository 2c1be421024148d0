//! SentencePiece BPE vocabularies of GGUF files (`tokenizer.ggml.model = "llama"`).
//!
//! Such a file has scores instead of merges: of all neighbouring pieces that together are a token,
//! the pair whose token has the best score is joined first, the leftmost of equals. Two designs
//! were possible. One derives a list of merges from the scores and leaves the joining to the
//! tokenizers crate. But a list of merges ranks pairs, so it has to say which split of a token
//! comes first, where the rule above has only the score of the whole and the place in the text; and
//! the crate caches and merges per word, while here a whole text is one word. The other, chosen
//! here, is the rule itself: a heap of candidate pairs over a linked list of pieces, which takes
//! n log n steps for a text of n characters, whatever the text.
//!
//! What the numbers of `fixtures/tokenizations/sentence_piece.json` witness: this gives the ids of
//! sentencepiece itself, and around markers those of llama.cpp, which puts a space before text that
//! follows a marker as it does before the first text.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use ahash::AHashMap;
use aho_corasick::{AhoCorasick, MatchKind};

use crate::{GgufVocabulary, TokenId, TokenKind, TokenizerError};

/// How a space is written inside pieces (U+2581).
const SPACE: char = '▁';

/// Longest text: even if all of it were spaces, places in it fit 32 bits.
///
/// Limit of tokenizers: bytes of a text; refused.
const MAX_TEXT_BYTES: usize = 1 << 30;

/// Markers after which Phi-3's tokenizer keeps white space; it drops it after all others.
const PHI3_KEEPS_SPACE_AFTER: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// Text to ids by the scores of pieces.
pub(crate) struct SentencePiece {
    ids: AHashMap<String, TokenId>,
    /// By id.
    scores: Vec<f32>,
    /// By byte value: the tokens `<0x00>` to `<0xFF>`.
    bytes: Vec<Option<TokenId>>,
    unknown: Option<TokenId>,
    /// Finds special and added tokens in text. Where two overlap the leftmost counts, and of two
    /// that start together the longest, as in the tokenizers crate.
    finder: AhoCorasick,
    /// What the finder's patterns stand for.
    markers: Vec<Marker>,
    space_prefix: bool,
}

struct Marker {
    id: TokenId,
    /// White space after it is dropped.
    strips: bool,
}

/// A stretch of the text that is one token so far.
struct Piece {
    start: usize,
    /// Bytes; 0 once it has been joined to the piece before it.
    len: usize,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbouring pieces that together are a token.
///
/// Half as large as with `usize`: a text of a million characters has a million of these in a heap.
struct Candidate {
    score: f32,
    left: u32,
    right: u32,
    /// Length of both when this was noted: if it differs later, one of them has changed.
    len: u32,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

impl SentencePiece {
    /// Builds the encoder. `ids` are the tokens by their text.
    ///
    /// # Errors
    /// [`TokenizerError::Vocabulary`] if scores are missing or not numbers, or if there is text that
    /// the vocabulary can neither spell in bytes nor call unknown.
    pub(crate) fn new(
        source: &GgufVocabulary,
        ids: AHashMap<String, TokenId>,
    ) -> Result<Self, TokenizerError> {
        let refuse = |what: String| Err(TokenizerError::Vocabulary(what));
        if source.scores.len() != source.tokens.len() {
            let (tokens, scores) = (source.tokens.len(), source.scores.len());
            return refuse(format!("{tokens} tokens but {scores} scores"));
        }
        if let Some(id) = source.scores.iter().position(|score| score.is_nan()) {
            return refuse(format!("the score of token {id} is not a number"));
        }
        let bytes: Vec<Option<TokenId>> =
            (0..=255u8).map(|byte| ids.get(&byte_token(byte)).copied()).collect();
        let unknown = source.unknown_token();
        if unknown.is_none() && bytes.contains(&None) {
            return refuse("it has neither a token for every byte nor an unknown token".into());
        }

        let special: Vec<(usize, &String)> = source
            .tokens
            .iter()
            .enumerate()
            .filter(|(id, text)| {
                let kind = source.kinds.get(*id).copied().unwrap_or(TokenKind::Normal);
                !text.is_empty() && kind.is_marker()
            })
            .collect();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(special.iter().map(|(_, text)| text))
            .map_err(|error| TokenizerError::Vocabulary(error.to_string()))?;
        let markers = special
            .iter()
            .map(|(id, text)| Marker {
                id: TokenId(*id as u32),
                strips: source.is_phi3 && !PHI3_KEEPS_SPACE_AFTER.contains(&text.as_str()),
            })
            .collect();
        Ok(SentencePiece {
            ids,
            // Adding 0 makes -0 and 0 one number for `total_cmp`.
            scores: source.scores.iter().map(|score| score + 0.0).collect(),
            bytes,
            unknown,
            finder,
            markers,
            space_prefix: source.add_space_prefix.unwrap_or(true),
        })
    }

    /// Number of tokens.
    pub(crate) fn size(&self) -> usize {
        self.scores.len()
    }

    /// Encodes text; the text of a marker becomes that marker.
    ///
    /// # Errors
    /// [`TokenizerError::Vocabulary`] if the text has more than a gigabyte.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<TokenId>, TokenizerError> {
        if text.len() > MAX_TEXT_BYTES {
            let what = format!("a text of {} bytes is too long for it", text.len());
            return Err(TokenizerError::Vocabulary(what));
        }
        let mut ids = Vec::with_capacity(text.len() / 3);
        let (mut at, mut prefix, mut strips) = (0, self.space_prefix, false);
        let plain = |text: &str, prefix: bool, strips: bool, ids: &mut Vec<TokenId>| {
            let is_space = |c: char| c.is_ascii_whitespace() || c == '\u{B}';
            let text = if strips { text.trim_start_matches(is_space) } else { text };
            if !text.is_empty() {
                self.join(&escape(text, prefix), ids);
            }
        };
        for found in self.finder.find_iter(text) {
            plain(&text[at..found.start()], prefix, strips, &mut ids);
            let marker = &self.markers[found.pattern()];
            ids.push(marker.id);
            (at, prefix, strips) = (found.end(), self.space_prefix, marker.strips);
        }
        plain(&text[at..], prefix, strips, &mut ids);
        Ok(ids)
    }

    /// Splits escaped text into characters, joins them by score, and appends the tokens.
    fn join(&self, text: &str, ids: &mut Vec<TokenId>) {
        let mut pieces: Vec<Piece> = text
            .char_indices()
            .enumerate()
            .map(|(i, (start, character))| {
                let len = character.len_utf8();
                let after = (start + len < text.len()).then_some(i + 1);
                Piece { start, len, before: i.checked_sub(1), after }
            })
            .collect();
        let mut queue: BinaryHeap<Candidate> =
            (1..pieces.len()).filter_map(|i| self.candidate(text, &pieces, i - 1, i)).collect();

        while let Some(best) = queue.pop() {
            let [left, right, len] = [best.left, best.right, best.len].map(|n| n as usize);
            let stale = pieces[left].len == 0 || pieces[right].len == 0;
            if stale || pieces[left].len + pieces[right].len != len {
                continue;
            }
            let after = pieces[right].after;
            pieces[left].len = len;
            pieces[left].after = after;
            pieces[right].len = 0;
            if let Some(after) = after {
                pieces[after].before = Some(left);
                queue.extend(self.candidate(text, &pieces, left, after));
            }
            if let Some(before) = pieces[left].before {
                queue.extend(self.candidate(text, &pieces, before, left));
            }
        }

        let mut after_unknown = false;
        for piece in pieces.iter().filter(|piece| piece.len > 0) {
            let text = &text[piece.start..piece.start + piece.len];
            after_unknown = self.append(text, after_unknown, ids);
        }
    }

    fn candidate(
        &self,
        text: &str,
        pieces: &[Piece],
        left: usize,
        right: usize,
    ) -> Option<Candidate> {
        let len = pieces[left].len + pieces[right].len;
        let id = self.ids.get(&text[pieces[left].start..pieces[left].start + len])?;
        let [left, right, len] = [left, right, len].map(|n| n as u32);
        Some(Candidate { score: self.scores[id.index()], left, right, len })
    }

    /// Appends a piece's token, or its bytes, or the unknown token, of which a run of unknown
    /// characters gets only one. Returns whether it was unknown.
    fn append(&self, piece: &str, after_unknown: bool, ids: &mut Vec<TokenId>) -> bool {
        if let Some(id) = self.ids.get(piece) {
            ids.push(*id);
            return false;
        }
        let bytes: Option<Vec<TokenId>> =
            piece.bytes().map(|byte| self.bytes[usize::from(byte)]).collect();
        match bytes {
            Some(bytes) => {
                ids.extend(bytes);
                false
            }
            None => {
                ids.extend(self.unknown.filter(|_| !after_unknown));
                true
            }
        }
    }
}

/// Text as pieces write it, with a space before it if `prefix`.
fn escape(text: &str, prefix: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 2 + 3);
    if prefix {
        escaped.push(SPACE);
    }
    escaped.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
    escaped
}

/// How the token of a byte is written.
fn byte_token(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}

/// The byte that a token such as `<0x0A>` stands for.
pub(crate) fn byte_of_token(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
}

/// The bytes an ordinary piece stands for.
pub(crate) fn bytes_of_piece(text: &str) -> Vec<u8> {
    text.replace(SPACE, " ").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tokenizer;

    /// `<unk>`, `<s>`, `</s>`, `<end>`, then pieces with their scores.
    fn source(pieces: &[(&str, f32)]) -> GgufVocabulary {
        let special = ["<unk>", "<s>", "</s>", "<end>"].map(|text| (text, 0.0));
        let all: Vec<(&str, f32)> = special.iter().chain(pieces).copied().collect();
        let mut kinds = vec![TokenKind::Normal; all.len()];
        kinds[..4].fill(TokenKind::Control);
        kinds[0] = TokenKind::Unknown;
        GgufVocabulary {
            model: "llama".into(),
            tokens: all.iter().map(|(text, _)| (*text).to_owned()).collect(),
            scores: all.iter().map(|(_, score)| *score).collect(),
            kinds,
            ..GgufVocabulary::default()
        }
    }

    fn ids(source: &GgufVocabulary, text: &str) -> Vec<u32> {
        let tokenizer = Tokenizer::from_gguf(source).unwrap();
        tokenizer.encode(text).unwrap().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn the_best_score_is_joined_first_and_the_leftmost_of_equals() {
        let abc = [("▁", -9.0), ("a", -9.0), ("b", -9.0), ("c", -9.0)];
        for (more, text, expected) in [
            (&[("ab", -2.0), ("bc", -1.0)][..], "abc", &[4, 5, 9][..]),
            (&[("ab", -1.0), ("bc", -2.0)], "abc", &[4, 8, 7]),
            (&[("ab", -1.0), ("bc", -1.0)], "abc", &[4, 8, 7]),
            (&[("aa", -1.0)], "aaaaa", &[4, 8, 8, 5]),
            // No pair of neighbours leads to the longer piece, so it is never used.
            (&[("abc", 0.0)], "abc", &[4, 5, 6, 7]),
            (&[("bc", -3.0), ("abc", -1.0)], "abc", &[4, 9]),
            (&[("▁a", -1.0)], "a a", &[8, 8]),
        ] {
            let source = source(&[&abc[..], more].concat());
            assert_eq!(ids(&source, text), expected, "{more:?} {text:?}");
        }
    }

    #[test]
    fn a_space_stands_before_text_and_after_markers_unless_the_file_says_no() {
        let with = source(&[("▁", -9.0), ("a", -9.0), ("▁a", -1.0)]);
        let without = GgufVocabulary { add_space_prefix: Some(false), ..with.clone() };
        let phi3 = GgufVocabulary { is_phi3: true, ..with.clone() };
        for (source, text, expected) in [
            (&with, "", &[][..]),
            (&with, "a", &[6]),
            (&with, " a", &[4, 6]),
            (&with, "a<end>a", &[6, 3, 6]),
            (&with, "<end><end>", &[3, 3]),
            (&with, "<end>  a", &[3, 4, 4, 6]),
            // A chat template writes the BOS token, so `encode` adds none.
            (&with, "<s>a", &[1, 6]),
            (&without, "a<end>a a", &[5, 3, 5, 6]),
            (&phi3, "<end> \n\ta<s> a", &[3, 6, 1, 4, 6]),
            (&phi3, "<end>\n<end>", &[3, 3]),
        ] {
            assert_eq!(ids(source, text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_no_piece_spells_becomes_bytes_or_one_unknown_token() {
        let plain = source(&[("▁", -9.0), ("a", -9.0)]);
        assert_eq!(ids(&plain, "aéé a日a"), [4, 5, 0, 4, 5, 0, 5]);
        let mut bytes = plain.clone();
        for byte in [0xC3u8, 0xA9] {
            bytes.tokens.push(byte_token(byte));
            bytes.kinds.push(TokenKind::Byte);
            bytes.scores.push(0.0);
        }
        assert_eq!(ids(&bytes, "aé日"), [4, 5, 6, 7, 0]);
        let tokenizer = Tokenizer::from_gguf(&bytes).unwrap();
        let decoded = [4, 5, 6, 7].map(TokenId);
        assert_eq!(tokenizer.vocabulary().decode(&decoded), " aé");
        assert_eq!(tokenizer.vocabulary().decode(&[TokenId(3)]), "<end>");
    }

    #[test]
    fn prompts_start_with_bos_and_the_files_flags_and_ids_count() {
        let plain = source(&[("▁", -9.0), ("a", -9.0)]);
        for (bos, add_bos, add_eos, expected) in [
            (None, None, None, &[1, 4, 5][..]),
            (Some(3), None, None, &[3, 4, 5]),
            (None, Some(false), Some(true), &[4, 5, 2]),
        ] {
            let source =
                GgufVocabulary { bos: bos.map(TokenId), add_bos, add_eos, ..plain.clone() };
            let tokenizer = Tokenizer::from_gguf(&source).unwrap();
            let ids: Vec<u32> =
                tokenizer.encode_prompt("a").unwrap().into_iter().map(|id| id.0).collect();
            assert_eq!(ids, expected, "{bos:?} {add_bos:?} {add_eos:?}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let good = source(&[("▁", -9.0), ("a", -9.0)]);
        let nameless: Vec<TokenKind> = vec![TokenKind::Normal; good.tokens.len()];
        for (source, complaint) in [
            (GgufVocabulary { scores: vec![0.0], ..good.clone() }, "6 tokens but 1 scores"),
            (GgufVocabulary { scores: vec![f32::NAN; 6], ..good.clone() }, "not a number"),
            (GgufVocabulary { unknown: Some(TokenId(6)), ..good.clone() }, "token 6"),
            (
                GgufVocabulary { tokens: vec!["a".into(); 6], ..good.clone() },
                "\"a\" is both token 0 and token 1",
            ),
            (
                GgufVocabulary {
                    tokens: good.tokens[1..].to_vec(),
                    scores: good.scores[1..].to_vec(),
                    kinds: nameless[1..].to_vec(),
                    unknown: None,
                    ..good.clone()
                },
                "unknown token",
            ),
        ] {
            let error = Tokenizer::from_gguf(&source).err().expect("must be refused").to_string();
            assert!(error.contains(complaint), "{error} should say {complaint}");
        }
    }

    #[test]
    fn a_million_equal_characters_are_no_trouble() {
        let source = source(&[("▁", -9.0), ("a", -9.0), ("aa", -1.0), ("aaaa", -2.0)]);
        let text = "a".repeat(1_000_000);
        assert_eq!(ids(&source, &text).len(), 1 + 250_000);
    }
}
