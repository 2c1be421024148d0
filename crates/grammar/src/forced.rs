//! What a grammar leaves no choice about.

use llguidance::Matcher;
use llguidance::toktrie::{TokTrie, TrieNode};
use tokenscope_tokens::{TokenId, TokenMask, Tokenizer};

use crate::position::Forced;

/// Most bytes of a forced text that are told. In an ambiguous grammar each may take milliseconds.
const LONGEST: usize = 100;

/// The forced run from where the matcher stands, if there is one.
pub(crate) fn forced(
    matcher: &Matcher,
    mask: &TokenMask,
    tokenizer: &Tokenizer,
    trie: &TokTrie,
) -> Option<Forced> {
    let vocabulary = tokenizer.vocabulary();
    if let Some(only) = mask.only().filter(|id| vocabulary.is_special(*id)) {
        return Some(Forced { text: vocabulary.text(only).into_owned(), tokens: vec![only] });
    }
    if matcher.is_stopped() {
        return None;
    }
    // Forcing writes into a matcher, which must stay where it is.
    let mut bytes = matcher.clone().compute_ff_bytes();
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
