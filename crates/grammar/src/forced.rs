//! What a grammar leaves no choice about.

use llguidance::Matcher;
use llguidance::toktrie::{TokTrie, TrieNode};
use tokenscope_tokens::{TokenId, TokenMask, Tokenizer};

use crate::environment::Environment;
use crate::position::Forced;

/// Most bytes of a forced text that are told. In an ambiguous grammar each may take milliseconds.
const LONGEST: usize = 100;

/// The forced run from where the matcher stands, if there is one.
pub(crate) fn forced(
    matcher: &Matcher,
    mask: &TokenMask,
    tokenizer: &Tokenizer,
    trie: &TokTrie,
    n_tokens: usize,
) -> Option<Forced> {
    let vocabulary = tokenizer.vocabulary();
    if let Some(only) = mask.only().filter(|id| vocabulary.is_special(*id)) {
        return Some(Forced { text: vocabulary.text(only).into_owned(), tokens: vec![only] });
    }
    if matcher.is_stopped() {
        return None;
    }
    let mut bytes = forced_bytes(matcher.clone(), n_tokens);
    // Special tokens are no text.
    let n_text = bytes.iter().position(|byte| *byte == TokTrie::SPECIAL_TOKEN_MARKER);
    bytes.truncate(n_text.unwrap_or(bytes.len()).min(LONGEST));
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let n_valid = error.utf8_error().valid_up_to();
            String::from_utf8_lossy(&error.as_bytes()[..n_valid]).into_owned()
        }
    };
    if text.is_empty() {
        return None;
    }
    let mut walker = matcher.clone();
    let mut rest = text.as_bytes();
    let mut tokens = Vec::new();
    for id in split(&text, tokenizer, trie) {
        let could_be_longer = extensions(trie, rest)
            .iter()
            .any(|longer| is_legal(&mut walker, *longer, vocabulary.len()));
        let is_legal = !could_be_longer && walker.try_consume_tokens(&[id.0]).is_ok_and(|n| n == 1);
        if !is_legal {
            break;
        }
        rest = &rest[vocabulary.bytes(id).len()..];
        tokens.push(id);
    }
    Some(Forced { text, tokens })
}

/// llguidance's own search for forced bytes gives up before the last byte of a pattern, so where it
/// ends it is asked for every single byte.
fn forced_bytes(mut walker: Matcher, n_tokens: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < LONGEST {
        // Forcing writes into a matcher, which could not be told of these bytes any more.
        let run = walker.clone().compute_ff_bytes();
        let run = if run.is_empty() {
            only_byte(&mut walker, n_tokens).into_iter().collect()
        } else {
            run
        };
        let ids: Vec<u32> =
            run.iter().map(|byte| Environment::byte_token(n_tokens, *byte)).collect();
        if run.is_empty() || walker.consume_tokens(&ids).is_err() {
            break;
        }
        bytes.extend(run);
    }
    bytes
}

/// The byte that alone may come next.
fn only_byte(matcher: &mut Matcher, n_tokens: usize) -> Option<u8> {
    if matcher.is_stopped() || matcher.is_accepting().unwrap_or(true) {
        return None;
    }
    // The byte above these is in no text, and its token is empty.
    let mut legal = (0..TokTrie::SPECIAL_TOKEN_MARKER).filter(|byte| {
        let id = Environment::byte_token(n_tokens, *byte);
        matcher.validate_tokens(&[id]).is_ok_and(|n| n == 1)
    });
    legal.next().filter(|_| legal.next().is_none())
}

/// The tokens of a text as it stands, without anything that the tokenizer would put before it.
fn split(text: &str, tokenizer: &Tokenizer, trie: &TokTrie) -> Vec<TokenId> {
    let vocabulary = tokenizer.vocabulary();
    let ids = tokenizer.encode(text).unwrap_or_default();
    let is_text = |id: &TokenId| !vocabulary.is_special(*id);
    let bytes: Vec<u8> = ids.iter().flat_map(|id| vocabulary.bytes(*id)).copied().collect();
    if bytes == text.as_bytes() && ids.iter().all(is_text) {
        return ids;
    }
    let ids = trie.greedy_tokenize(text.as_bytes()).into_iter().map(TokenId);
    ids.take_while(|id| id.index() < vocabulary.len()).collect()
}

/// The tokens that begin with these bytes and go on.
fn extensions(trie: &TokTrie, bytes: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    let mut open: Vec<&TrieNode> = Vec::new();
    let below = |node| trie.node_children(node).collect::<Vec<_>>();
    open.extend(trie.child_at_bytes(trie.root(), bytes).map(below).unwrap_or_default());
    while let Some(node) = open.pop() {
        found.extend(node.token_id());
        open.extend(below(node));
    }
    found
}

fn is_legal(matcher: &mut Matcher, id: u32, n_vocabulary: usize) -> bool {
    (id as usize) < n_vocabulary && matcher.validate_tokens(&[id]).is_ok_and(|n| n == 1)
}
