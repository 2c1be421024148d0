//! What is timed is the right thing: the tokens that come out are PyTorch's, and the bytes are all
//! those of the weights.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenscope_bench::Session;
use tokenscope_tokens::TokenId;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tiny").join(name)
}

fn ids(value: &Value) -> Vec<TokenId> {
    let ids = value.as_array().unwrap().iter();
    ids.map(|id| TokenId(u32::try_from(id.as_u64().unwrap()).unwrap())).collect()
}

#[test]
fn every_way_through_a_prompt_ends_at_pytorchs_next_token() {
    for family in ["llama", "gpt_neox"] {
        let golden = std::fs::read(fixture(family).join("golden.json")).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let (prompt, expected) = (ids(&golden["input_ids"]), ids(&golden["greedy_10"])[0]);
        let n = prompt.len();
        let mut session = Session::open(&fixture(family), 1).unwrap();
        session.set_prompt(prompt).unwrap();
        assert_eq!(session.prefill(n).unwrap().top, expected, "{family}");
        // The second time of each goes on from what is known.
        for decoded in [1, 1, n - 1, n - 1, 2] {
            let found = session.decode(decoded, n - decoded).unwrap().top;
            assert_eq!(found, expected, "{family}, {decoded} decoded");
        }
    }
}

#[test]
fn bytes_per_token_are_those_of_the_weights_that_are_read() {
    // float32 everywhere. Of untied embeddings only one row is read; GPT-2's serve twice.
    for (path, n_vocab_rows_unread) in [
        ("llama", 1),
        ("llama/model.gguf", 1),
        ("gpt_neox", 1),
        ("gpt_neox/model.gguf", 1),
        ("gpt2", 0),
    ] {
        let session = Session::open(&fixture(path), 1).unwrap();
        let facts = session.facts();
        let number = |key: &str| facts[key].as_u64().unwrap();
        let unread = n_vocab_rows_unread * number("vocabulary") * number("width");
        assert_eq!(facts["format"], "float32", "{path}");
        assert_eq!(number("bytes_per_token"), 4 * (number("parameters") - unread), "{path}");
    }
}

#[test]
fn impossible_runs_are_refused() {
    let mut session = Session::open(&fixture("llama"), 1).unwrap();
    session.set_prompt(vec![TokenId(1); 5]).unwrap();
    for (run, expected) in [
        (session.prefill(0), "expected 1 to 5 tokens, the length of the prompt; got 0"),
        (session.prefill(6), "expected 1 to 5 tokens, the length of the prompt; got 6"),
        (session.decode(3, 3), "expected 1 to 5 tokens, the length of the prompt; got 6"),
        (session.decode(0, 3), "there is nothing to decode"),
    ] {
        assert_eq!(run.unwrap_err(), expected);
    }
    assert!(session.set_prompt(vec![TokenId(1_000_000)]).is_err());
}
