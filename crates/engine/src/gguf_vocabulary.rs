//! From a GGUF file's metadata to the plain data a tokenizer is built from. This lives here
//! because `tokens` opens no files and `model` knows no text.

use tokenscope_model::GgufFile;
use tokenscope_tokens::{GgufVocabulary, TokenId, TokenKind};

/// Reads the `tokenizer.*` keys.
///
/// # Errors
/// A sentence that names the key that is missing or odd.
pub(crate) fn read(file: &GgufFile) -> Result<GgufVocabulary, String> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let missing = |name: &str| format!("the file's metadata has no usable {:?}", key(name));
    let id = |name: &str| file.uint(&key(name)).and_then(|id| u32::try_from(id).ok()).map(TokenId);
    let texts = |name: &str| -> Option<Vec<String>> {
        Some(file.texts(&key(name))?.into_iter().map(str::to_owned).collect())
    };
    let kinds = file.ints(&key("token_type")).unwrap_or_default();
    let kinds: Option<Vec<TokenKind>> = kinds.into_iter().map(TokenKind::from_gguf).collect();
    Ok(GgufVocabulary {
        model: file.text(&key("model")).ok_or_else(|| missing("model"))?.to_owned(),
        pre: file.text(&key("pre")).map(str::to_owned),
        tokens: texts("tokens").ok_or_else(|| missing("tokens"))?,
        kinds: kinds.ok_or_else(|| missing("token_type"))?,
        merges: texts("merges").unwrap_or_default(),
        bos: id("bos_token_id"),
        eos: id("eos_token_id"),
        other_ends: ["eot_token_id", "eom_token_id"].into_iter().filter_map(id).collect(),
        add_bos: file.flag(&key("add_bos_token")),
        add_eos: file.flag(&key("add_eos_token")),
        chat_template: file.text("tokenizer.chat_template").map(str::to_owned),
    })
}
