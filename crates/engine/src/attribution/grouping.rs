//! Which tokens belong together.

use std::ops::Range;

use tokenscope_tokens::{TokenId, Vocabulary};

use super::options::Grouping;

/// A run of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Places in the context.
    pub(super) range: Range<usize>,
    /// Whose text it is, if that is what it was made by.
    pub(super) label: Option<&'static str>,
}

/// Who wrote the prompt's tokens: consecutive runs that cover it.
pub(crate) type Roles = Vec<(Range<usize>, &'static str)>;

/// Divides a context, of which the first `n_prompt` tokens are the prompt. No piece reaches over that
/// border.
pub(super) fn pieces(
    grouping: Grouping,
    vocabulary: &Vocabulary,
    context: &[TokenId],
    n_prompt: usize,
    roles: &Roles,
) -> Vec<Piece> {
    if grouping == Grouping::Role {
        let completion = (n_prompt..context.len(), "completion");
        let runs = roles.iter().cloned().chain([completion]);
        let runs = runs.filter(|(range, _)| !range.is_empty());
        return runs.map(|(range, label)| Piece { range, label: Some(label) }).collect();
    }
    let mut starts = Vec::new();
    for place in 0..context.len() {
        let first = starts.last().copied().unwrap_or(0);
        let group = &context[first..place];
        let begins = place == 0
            || place == n_prompt
            || match grouping {
                Grouping::Line => ends_line(vocabulary, context[place - 1]),
                Grouping::Word => begins_word(vocabulary, group, context[place]),
                Grouping::Token | Grouping::Role => true,
            };
        if begins {
            starts.push(place);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([context.len()]);
    let pieces = starts.iter().zip(ends);
    pieces.map(|(start, end)| Piece { range: *start..end, label: None }).collect()
}

fn ends_line(vocabulary: &Vocabulary, id: TokenId) -> bool {
    vocabulary.bytes(id).contains(&b'\n')
}

/// Whether a token begins a word rather than going on with the `group` before it, which is not empty.
/// White space belongs to the word that follows it, but special tokens and line breaks stand for
/// themselves. Bytes that are part of a character never part words: UTF-8 has no white space in them.
fn begins_word(vocabulary: &Vocabulary, group: &[TokenId], id: TokenId) -> bool {
    let alone = |id: TokenId| {
        let bytes = vocabulary.bytes(id);
        vocabulary.is_special(id) || (is_blank(bytes) && bytes.contains(&b'\n'))
    };
    let last = group[group.len() - 1];
    if alone(last) || alone(id) {
        return true;
    }
    let has_letters = group.iter().any(|id| !is_blank(vocabulary.bytes(*id)));
    let space = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    has_letters && (space(vocabulary.bytes(id).first()) || space(vocabulary.bytes(last).last()))
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenscope_tokens::TokenKind;

    /// The pieces of a text of these tokens, written with bars between them. `<...>` are special.
    fn divided(grouping: Grouping, tokens: &[&[u8]], n_prompt: usize) -> String {
        let vocabulary = Vocabulary::new(tokens.iter().map(|bytes| {
            let special = bytes.starts_with(b"<");
            (*bytes, if special { TokenKind::Control } else { TokenKind::Normal })
        }));
        let context: Vec<TokenId> = (0..tokens.len() as u32).map(TokenId).collect();
        let roles = vec![(0..n_prompt, "user")];
        let pieces = pieces(grouping, &vocabulary, &context, n_prompt, &roles);
        let mut covered = 0;
        for piece in &pieces {
            assert!(piece.range.start == covered && piece.range.end > covered);
            covered = piece.range.end;
        }
        assert_eq!(covered, context.len());
        let texts = pieces.iter().map(|piece| vocabulary.decode(&context[piece.range.clone()]));
        texts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn words_are_divided_at_white_space_special_tokens_and_line_breaks() {
        for (tokens, expected) in [
            (&[&b"The"[..], b" cap", b"ital", b" of"][..], "The| capital| of"),
            (&[b"a", b" ", b" b", b"."], "a|  b."),
            (&[b"a ", b"b"], "a |b"),
            (&[b"<s>", b"user", b"\n", b"Hi", b"<e>", b"<e>"], "<s>|user|\n|Hi|<e>|<e>"),
            (&[b" ", b"\xF0\x9F", b"\x8E\x89", b"x"], " 🎉x"),
            (&[b"a", b"  "], "a|  "),
            (&[b"a"], "a"),
        ] {
            assert_eq!(divided(Grouping::Word, tokens, tokens.len()), expected);
        }
        assert_eq!(divided(Grouping::Word, &[b"a", b"b"], 1), "a|b");
    }

    #[test]
    fn lines_end_with_their_line_break() {
        for (tokens, expected) in [
            (&[&b"a"[..], b" b", b"\n", b"c"][..], "a b\n|c"),
            (&[b"a\n\n", b"\n", b"c"], "a\n\n|\n|c"),
            (&[b"<s>", b"a"], "<s>a"),
        ] {
            assert_eq!(divided(Grouping::Line, tokens, tokens.len()), expected);
        }
        assert_eq!(divided(Grouping::Line, &[b"a", b"b"], 1), "a|b");
    }

    #[test]
    fn tokens_and_roles() {
        assert_eq!(divided(Grouping::Token, &[b"a", b"b"], 2), "a|b");
        assert_eq!(divided(Grouping::Role, &[b"a", b"b", b"c"], 2), "ab|c");
        assert_eq!(divided(Grouping::Role, &[b"a"], 1), "a");
        assert_eq!(divided(Grouping::Role, &[b"a"], 0), "a");
    }
}
