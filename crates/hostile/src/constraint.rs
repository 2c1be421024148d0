//! Texts of constraints: an error with a place inside of the text, or a mask.

use std::cell::RefCell;

use tokenscope_grammar::{Constraint, Grammars, Kind, Whitespace};
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind, Tokenizer};

thread_local! {
    static STATE: RefCell<(Tokenizer, Grammars)> = RefCell::new(state());
}

/// Every byte, an end, and a few longer tokens.
fn state() -> (Tokenizer, Grammars) {
    let mut tokens: Vec<String> = (0..=255u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut kinds = vec![TokenKind::Byte; 256];
    tokens.extend(["ab", "{\"", "\":", "12", "true"].map(String::from));
    kinds.resize(tokens.len(), TokenKind::Normal);
    tokens.extend(["<end>", "<unk>"].map(String::from));
    kinds.extend([TokenKind::Control, TokenKind::Unknown]);
    let source = GgufVocabulary {
        model: "llama".into(),
        scores: vec![0.0; tokens.len()],
        eos: Some(TokenId(tokens.len() as u32 - 2)),
        tokens,
        kinds,
        add_space_prefix: Some(false),
        ..GgufVocabulary::default()
    };
    let n_tokens = source.tokens.len();
    let tokenizer = Tokenizer::from_gguf(&source).expect("it is a vocabulary");
    let grammars = Grammars::new(&tokenizer, n_tokens, None);
    (tokenizer, grammars)
}

/// The kind's name in a line of its own, and the text.
pub(crate) fn constraint(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let Some((name, text)) = input.split_once('\n') else { return };
    let Some(kind) = Kind::from_name(name) else { return };
    let constraint = Constraint { kind, text: text.to_owned(), whitespace: Whitespace::Single };
    STATE.with_borrow_mut(|(tokenizer, grammars)| {
        let position = match grammars.position(tokenizer, &constraint, &[]) {
            Ok(position) => position,
            Err(error) => {
                let lines = text.split('\n').count();
                assert!(error.place().is_none_or(|place| place.line <= lines), "{error}");
                return;
            }
        };
        let allowed = (0..tokenizer.vocabulary().len() as u32).map(TokenId);
        let first = allowed.filter(|id| position.mask.allows(*id)).take(1).collect::<Vec<_>>();
        // What a mask allows can be appended.
        let next = grammars.position(tokenizer, &constraint, &first);
        if let Err(error) = next {
            assert!(error.token_index().is_none(), "{first:?} is allowed: {error}");
        }
    });
}
