//! From the files of a Hugging Face folder to the plain data a tokenizer and a chat template are
//! built from.

use std::path::Path;

use serde_json::Value;
use tokenscope_model::{LARGEST_SIDE_FILE, LARGEST_TOKENIZER, read_text};
use tokenscope_tokens::{HfVocabulary, TokenId};

/// What the folder says about text.
pub(crate) struct FolderTexts {
    pub(crate) vocabulary: HfVocabulary,
    /// The chat template's source.
    pub(crate) chat_template: Option<String>,
}

/// Reads `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`,
/// `generation_config.json`, `chat_template.jinja` and `chat_template.json`; all but the first may be
/// absent. `config` is `config.json`.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn read(folder: &Path, config: &Value) -> Result<FolderTexts, String> {
    let tokenizer_json = optional_text(folder, "tokenizer.json")?
        .ok_or_else(|| "the folder has no tokenizer.json".to_owned())?;
    let settings = optional_json(folder, "tokenizer_config.json")?;
    check_file_name(&settings)?;
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
    Ok(FolderTexts {
        vocabulary: HfVocabulary {
            tokenizer_json,
            special_tokens_map: optional_json(folder, "special_tokens_map.json")?,
            added_tokens: optional_json(folder, "added_tokens.json")?,
            config: config.clone(),
            other_ends: ends(&generation, config),
            settings,
        },
        chat_template,
    })
}

/// The ids that end generation. Where the settings of generation give any, those of the model do not count
/// (`GenerationConfig` in transformers).
fn ends(generation: &Value, config: &Value) -> Vec<TokenId> {
    // Models that also see keep the settings of their text part in a part of their own.
    let places = [generation, config, &config["text_config"]];
    let found = places.into_iter().map(|place| ids(&place["eos_token_id"]));
    found.into_iter().find(|ids| !ids.is_empty()).unwrap_or_default()
}

/// Settings may name other files in the place of `tokenizer.json`, by versions of transformers.
fn check_file_name(settings: &Value) -> Result<(), String> {
    let files = settings["fast_tokenizer_files"].as_array();
    match files.into_iter().flatten().find(|name| *name != "tokenizer.json") {
        None => Ok(()),
        Some(other) => Err(format!(
            "tokenizer_config.json: it names {other} beside tokenizer.json (\"fast_tokenizer_files\"), \
             which is not supported"
        )),
    }
}

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
    let most = if name == "tokenizer.json" { LARGEST_TOKENIZER } else { LARGEST_SIDE_FILE };
    match read_text(&folder.join(name), most) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_read_and_the_default_template_is_picked() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains("tokenizer.json"));
        write("tokenizer.json", "{}");
        let bare = read(folder.path(), &json!({"eos_token_id": 7})).unwrap();
        assert_eq!((&bare.vocabulary.settings, bare.chat_template), (&Value::Null, None));
        assert_eq!(bare.vocabulary.other_ends, [TokenId(7)]);

        write("chat_template.json", r#"{"chat_template": "O"}"#);
        write("special_tokens_map.json", r#"{"bos_token": "<b>"}"#);
        write("added_tokens.json", r#"{"<a>": 5}"#);
        let old = read(folder.path(), &json!({"text_config": {"eos_token_id": [3, 4]}})).unwrap();
        assert_eq!(old.chat_template.as_deref(), Some("O"));
        assert_eq!(old.vocabulary.special_tokens_map, json!({"bos_token": "<b>"}));
        assert_eq!(old.vocabulary.added_tokens, json!({"<a>": 5}));
        assert_eq!(old.vocabulary.other_ends, [3, 4].map(TokenId));

        write(
            "tokenizer_config.json",
            r#"{"eos_token": "</s>", "chat_template":
                [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]}"#,
        );
        let full = read(folder.path(), &Value::Null).unwrap();
        assert_eq!(full.vocabulary.settings["eos_token"], "</s>");
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
        let other = "tokenizer.4.0.0.json";
        write("tokenizer_config.json", &json!({"fast_tokenizer_files": [other]}).to_string());
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains(other));
        write("tokenizer_config.json", "{");
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains("tokenizer_config"));
    }

    #[test]
    fn what_ends_generation_is_the_first_that_says_so() {
        for (generation, config, expected) in [
            (json!({"eos_token_id": [7, 9]}), json!({"eos_token_id": 2}), &[7, 9][..]),
            (json!({"eos_token_id": 5}), json!({"eos_token_id": [2, 3]}), &[5]),
            (json!({"eos_token_id": null}), json!({"eos_token_id": 2}), &[2]),
            (json!({"top_p": 0.9}), json!({"eos_token_id": 2}), &[2]),
            (Value::Null, json!({"eos_token_id": 2, "text_config": {"eos_token_id": 3}}), &[2]),
            (Value::Null, json!({"text_config": {"eos_token_id": [3, 4]}}), &[3, 4]),
            (Value::Null, Value::Null, &[]),
        ] {
            let found: Vec<u32> = ends(&generation, &config).iter().map(|id| id.0).collect();
            assert_eq!(found, expected, "{generation} {config}");
        }
    }
}
