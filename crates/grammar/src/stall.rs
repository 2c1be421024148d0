//! Completions that go round in circles.

use tokenscope_tokens::{TokenId, Vocabulary};

/// A completion's end that repeats itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// What it consists of.
    pub kind: StallKind,
    /// How many tokens of it.
    pub tokens: usize,
    /// What is repeated.
    pub text: String,
}

/// How a completion stalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallKind {
    /// Nothing but white space.
    Whitespace,
    /// The same tokens over and over.
    Repetition,
}

/// White space tokens in a row that are no accident: an indented line begins with two at most.
const WHITESPACE_TOKENS: usize = 4;

/// Longest run of tokens that is looked for.
const LONGEST_PERIOD: usize = 16;

/// How often it must be there, and how many tokens that must be: a row of zeros is a number.
const ROUNDS: usize = 4;
const REPEATED_TOKENS: usize = 8;

/// Whether a completion has stalled at its end.
pub fn stall(vocabulary: &Vocabulary, completion: &[TokenId]) -> Option<Stall> {
    let is_blank = |id: &&TokenId| vocabulary.bytes(**id).iter().all(u8::is_ascii_whitespace);
    let n_blank = completion.iter().rev().take_while(is_blank).count();
    if n_blank >= WHITESPACE_TOKENS {
        let text = vocabulary.text(completion[completion.len() - 1]).into_owned();
        return Some(Stall { kind: StallKind::Whitespace, tokens: n_blank, text });
    }
    (1..=LONGEST_PERIOD).find_map(|period| {
        let earlier = completion.len().checked_sub(period)?;
        let equal = completion[period..].iter().rev().zip(completion[..earlier].iter().rev());
        let tokens = period + equal.take_while(|(later, earlier)| later == earlier).count();
        let is_stall = tokens >= ROUNDS * period && tokens >= REPEATED_TOKENS;
        let text = || vocabulary.decode(&completion[earlier..]);
        is_stall.then(|| Stall { kind: StallKind::Repetition, tokens, text: text() })
    })
}

#[cfg(test)]
mod tests {
    use tokenscope_tokens::TokenKind;

    use super::*;

    #[test]
    fn stalls_are_white_space_or_repetitions_at_the_end() {
        let words = ["a", "b", "c", " ", "\n", "0"];
        let vocabulary = Vocabulary::new(words.map(|word| (word, TokenKind::Normal)));
        use StallKind::{Repetition, Whitespace};
        for (ids, expected) in [
            (&[0, 1, 2][..], None),
            (&[0, 3, 4, 3], None),
            (&[0, 3, 4, 3, 3], Some((Whitespace, 4, " "))),
            (&[3, 3, 3, 3, 0], None),
            (&[5, 5, 5, 5, 5, 5, 5], None),
            (&[1, 5, 5, 5, 5, 5, 5, 5, 5], Some((Repetition, 8, "0"))),
            (&[0, 1, 0, 1, 0, 1], None),
            (&[2, 0, 1, 0, 1, 0, 1, 0, 1], Some((Repetition, 8, "ab"))),
            (&[1, 0, 1, 0, 1, 0, 1, 0, 1], Some((Repetition, 9, "ab"))),
            (&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], Some((Repetition, 12, "abc"))),
            (&[], None),
        ] {
            let ids: Vec<TokenId> = ids.iter().copied().map(TokenId).collect();
            let expected =
                expected.map(|(kind, tokens, text)| Stall { kind, tokens, text: text.into() });
            assert_eq!(stall(&vocabulary, &ids), expected, "{ids:?}");
        }
    }
}
