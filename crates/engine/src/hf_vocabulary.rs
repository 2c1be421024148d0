//! From the files of a Hugging Face folder to the plain data a tokenizer and a chat template are
//! built from.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokenscope_tokens::{HfVocabulary, TokenId};

/// What the folder says about text.
pub(crate) struct FolderTexts {
    pub(crate) vocabulary: HfVocabulary,
    /// The chat template's source.
    pub(crate) chat_template: Option<String>,
}

/// Reads `tokenizer.json`, `tokenizer_config.json`, `generation_config.json` and
/// `chat_template.jinja`; all but the first may be absent. `config` is `config.json`.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn read(folder: &Path, config: &Value) -> Result<FolderTexts, String> {
    let tokenizer_json = optional_text(folder, "tokenizer.json")?
        .ok_or_else(|| "the folder has no tokenizer.json".to_owned())?;
    let settings = optional_json(folder, "tokenizer_config.json")?;
    let generation = optional_json(folder, "generation_config.json")?;
    // The file of its own wins over the one inside the settings, as in transformers.
    let chat_template = match optional_text(folder, "chat_template.jinja")? {
        Some(template) => Some(template),
        None => template_in(&settings["chat_template"]),
    };
    let other_ends = [config, &generation].iter().flat_map(|v| ids(&v["eos_token_id"])).collect();
    Ok(FolderTexts {
        vocabulary: HfVocabulary {
            tokenizer_json,
            bos: token_text(&settings["bos_token"]),
            eos: token_text(&settings["eos_token"]),
            other_ends,
        },
        chat_template,
    })
}

/// A template, or of several named ones the default.
fn template_in(value: &Value) -> Option<String> {
    let of_list = |list: &Vec<Value>| {
        let default = list.iter().find(|entry| entry["name"] == "default")?;
        default["template"].as_str().map(str::to_owned)
    };
    value.as_str().map(str::to_owned).or_else(|| value.as_array().and_then(of_list))
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

        write(
            "tokenizer_config.json",
            r#"{"bos_token": null, "eos_token": {"content": "</s>"}, "chat_template":
                [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]}"#,
        );
        write("generation_config.json", r#"{"eos_token_id": [7, 9]}"#);
        let full = read(folder.path(), &json!({"eos_token_id": 7})).unwrap();
        assert_eq!(full.vocabulary.bos, None);
        assert_eq!(full.vocabulary.eos.as_deref(), Some("</s>"));
        assert_eq!(full.vocabulary.other_ends, [7, 7, 9].map(TokenId));
        assert_eq!(full.chat_template.as_deref(), Some("D"));
        write("chat_template.jinja", "J");
        let with_file = read(folder.path(), &Value::Null).unwrap();
        assert_eq!(with_file.chat_template.as_deref(), Some("J"));
        write("tokenizer_config.json", "{");
        assert!(read(folder.path(), &Value::Null).err().unwrap().contains("tokenizer_config"));
    }
}
