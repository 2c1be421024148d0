//! From the files of a Hugging Face folder to the plain data a tokenizer and a chat template are
//! built from.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokenscope_tokens::{HfVocabulary, SpecialTokens, TokenId};

/// What the folder says about text.
pub(crate) struct FolderTexts {
    pub(crate) vocabulary: HfVocabulary,
    /// The chat template's source.
    pub(crate) chat_template: Option<String>,
    /// What the template may call by name.
    pub(crate) special_tokens: SpecialTokens,
}

/// Reads `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`,
/// `generation_config.json`, `chat_template.jinja` and `chat_template.json`; all but the first may be
/// absent. `config` is `config.json`.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn read(folder: &Path, config: &Value) -> Result<FolderTexts, String> {
    let tokenizer_json = optional_text(folder, "tokenizer.json")?
        .ok_or_else(|| "the folder has no tokenizer.json".to_owned())?;
    let settings = optional_json(folder, "tokenizer_config.json")?;
    let map = optional_json(folder, "special_tokens_map.json")?;
    let generation = optional_json(folder, "generation_config.json")?;
    // The file of its own wins over the one inside the settings, as in transformers. The JSON file
    // is that of older models that also see.
    let chat_template = match optional_text(folder, "chat_template.jinja")? {
        Some(template) => Some(template),
        None => match template_in(&settings["chat_template"]) {
            Some(template) => Some(template),
            None => template_in(&optional_json(folder, "chat_template.json")?["chat_template"]),
        },
    };
    // Models that also see keep the settings of their text part in a part of their own.
    let ends = [&config["eos_token_id"], &config["text_config"]["eos_token_id"]];
    let other_ends = ends.into_iter().chain([&generation["eos_token_id"]]).flat_map(ids).collect();
    // A token that the settings call null is none, whatever the older file says.
    let token = |name: &str| token_text(settings.get(name).unwrap_or(&map[name]));
    let named = NAMES_OF_TOKENS.into_iter().filter_map(|name| Some((name, token(name)?)));
    let additional = settings.get(ADDITIONAL).unwrap_or(&map[ADDITIONAL]).as_array();
    let additional = additional.into_iter().flatten().filter_map(token_text);
    Ok(FolderTexts {
        special_tokens: SpecialTokens { named: named.collect(), additional: additional.collect() },
        vocabulary: HfVocabulary {
            tokenizer_json,
            bos: token("bos_token"),
            eos: token("eos_token"),
            unknown: token("unk_token"),
            padding: token("pad_token"),
            other_ends,
        },
        chat_template,
    })
}

/// What transformers calls special tokens.
const NAMES_OF_TOKENS: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
const ADDITIONAL: &str = "additional_special_tokens";

/// A template, or of several named ones the default.
fn template_in(value: &Value) -> Option<String> {
    let of_list = |list: &Vec<Value>| {
        let default = list.iter().find(|entry| entry["name"] == "default")?;
        default["template"].as_str().map(str::to_owned)
    };
    let by_name = || value["default"].as_str().map(str::to_owned);
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_array().and_then(of_list))
        .or_else(by_name)
}

/// A token is written as its text, or as an object that contains it.
fn token_text(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["content"].as_str()).map(str::to_owned)
}

/// One id, or a list of them.
fn ids(value: &Value) -> Vec<TokenId> {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok()).map(TokenId);
    match value.as_array() {
        Some(list) => list.iter().filter_map(id).collect(),
        None => id(value).into_iter().collect(),
    }
}

fn optional_json(folder: &Path, name: &str) -> Result<Value, String> {
    match optional_text(folder, name)? {
        None => Ok(Value::Null),
        Some(text) => serde_json::from_str(&text).map_err(|error| format!("{name}: {error}")),
    }
}

fn optional_text(folder: &Path, name: &str) -> Result<Option<String>, String> {
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_read_and_the_default_template_is_picked() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains("tokenizer.json"));
        write("tokenizer.json", "{}");
        let bare = read(folder.path(), &json!({"eos_token_id": 7})).unwrap();
        assert_eq!((bare.vocabulary.eos, bare.chat_template), (None, None));
        assert_eq!(bare.vocabulary.other_ends, [TokenId(7)]);

        write("chat_template.json", r#"{"chat_template": "O"}"#);
        write(
            "special_tokens_map.json",
            r#"{"bos_token": "<b>", "eos_token": {"content": "<e>"}, "unk_token": "<u>"}"#,
        );
        let old = read(folder.path(), &json!({"text_config": {"eos_token_id": [3, 4]}})).unwrap();
        assert_eq!(old.chat_template.as_deref(), Some("O"));
        let texts = (old.vocabulary.bos.as_deref(), old.vocabulary.eos.as_deref());
        assert_eq!(texts, (Some("<b>"), Some("<e>")));
        let texts = (old.vocabulary.unknown.as_deref(), old.vocabulary.padding.as_deref());
        assert_eq!(texts, (Some("<u>"), None));
        assert_eq!(old.vocabulary.other_ends, [3, 4].map(TokenId));

        write(
            "tokenizer_config.json",
            r#"{"bos_token": null, "eos_token": {"content": "</s>"}, "pad_token": "<p>", "chat_template":
                [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]}"#,
        );
        write("generation_config.json", r#"{"eos_token_id": [7, 9]}"#);
        let full = read(folder.path(), &json!({"eos_token_id": 7})).unwrap();
        assert_eq!((full.vocabulary.bos, full.vocabulary.padding.as_deref()), (None, Some("<p>")));
        assert_eq!(full.vocabulary.eos.as_deref(), Some("</s>"));
        assert_eq!(full.vocabulary.other_ends, [7, 7, 9].map(TokenId));
        assert_eq!(full.chat_template.as_deref(), Some("D"));
        write(
            "tokenizer_config.json",
            r#"{"chat_template": [{"name": "tools", "template": "T"}, {"name": "rag", "template": "R"}]}"#,
        );
        fs::remove_file(folder.path().join("chat_template.json")).unwrap();
        let without_default = read(folder.path(), &Value::Null).unwrap();
        assert_eq!(without_default.chat_template, None);
        write("chat_template.jinja", "J");
        let with_file = read(folder.path(), &Value::Null).unwrap();
        assert_eq!(with_file.chat_template.as_deref(), Some("J"));
        write("tokenizer_config.json", "{");
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains("tokenizer_config"));
    }
}
