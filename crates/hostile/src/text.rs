//! What a model's files say about text: tokenizers, their settings, and chat templates.

use std::fs;

use serde_json::Value;
use tokenscope_engine::fuzz_door;
use tokenscope_tokens::{ChatTemplate, SpecialTokens, Tokenizer};

use crate::halves;

/// Texts with what tokenizers treat in their own ways.
const TEXTS: [&str; 4] =
    ["", "t5 the end", "  a\u{e9}\u{2581}\u{1f600}\r\n\t</s>", "\u{0}\u{feff}aaaa"];

/// `tokenizer.json`, a zero byte, and `tokenizer_config.json`.
pub(crate) fn tokenizer(bytes: &[u8]) {
    let (tokenizer, settings) = halves(bytes);
    let folder = tempfile::tempdir().expect("there is room for two files");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("there is room for two files");
    };
    write("tokenizer.json", tokenizer);
    if !settings.is_empty() {
        write("tokenizer_config.json", settings);
    }
    if let Ok(vocabulary) = fuzz_door::folder_vocabulary(folder.path(), &Value::Null)
        && let Ok(tokenizer) = Tokenizer::from_hf(&vocabulary)
    {
        tokenize(&tokenizer);
    }
}

/// Ids are within the vocabulary, and texts come back from them.
pub(crate) fn tokenize(tokenizer: &Tokenizer) {
    for text in TEXTS {
        for ids in [tokenizer.encode(text), tokenizer.encode_literally(text)].into_iter().flatten()
        {
            let vocabulary = tokenizer.vocabulary();
            assert!(ids.iter().all(|id| id.index() < vocabulary.len()), "{ids:?}");
            vocabulary.decode(&ids);
        }
    }
}

/// A chat template.
pub(crate) fn template(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let tokens = SpecialTokens {
        named: vec![("bos_token".into(), "<s>".into()), ("eos_token".into(), "</s>".into())],
        additional: Vec::new(),
    };
    let Ok(template) = ChatTemplate::new(source, tokens) else { return };
    for (system, user) in [("", "Hi"), ("Be kind. \u{e9}", "t5\n\"x\" <s>")] {
        let Ok(chat) = template.render(system, user) else { continue };
        if let Some(spans) = template.spans(system, user) {
            assert_eq!(chat.text[spans.user].trim(), user.trim());
        }
    }
}
