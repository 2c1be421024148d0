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
    let scores = file.floats(&key("scores")).unwrap_or_default();
    let name = file.text("general.name").unwrap_or_default().to_lowercase();
    Ok(GgufVocabulary {
        model: file.text(&key("model")).ok_or_else(|| missing("model"))?.to_owned(),
        pre: file.text(&key("pre")).map(str::to_owned),
        tokens: texts("tokens").ok_or_else(|| missing("tokens"))?,
        kinds: kinds.ok_or_else(|| missing("token_type"))?,
        merges: texts("merges").unwrap_or_default(),
        scores: scores.into_iter().map(|score| score as f32).collect(),
        unknown: id("unknown_token_id"),
        add_space_prefix: file.flag(&key("add_space_prefix")),
        is_phi3: ["phi-3", "phi3"].iter().any(|phi3| name.contains(phi3)),
        bos: id("bos_token_id"),
        eos: id("eos_token_id"),
        other_ends: ["eot_token_id", "eom_token_id"].into_iter().filter_map(id).collect(),
        add_bos: file.flag(&key("add_bos_token")),
        add_eos: file.flag(&key("add_eos_token")),
        chat_template: chat_template(file),
    })
}

/// The template, or of several named ones the default. The names of the others stand in
/// `tokenizer.chat_templates`, the templates under `tokenizer.chat_template.NAME`; they are for tools
/// and the like.
fn chat_template(file: &GgufFile) -> Option<String> {
    ["tokenizer.chat_template", "tokenizer.chat_template.default"]
        .into_iter()
        .find_map(|key| file.text(key))
        .map(str::to_owned)
}
