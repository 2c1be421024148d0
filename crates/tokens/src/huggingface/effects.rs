//! What a tokenizer class changes in the encoder that `tokenizer.json` describes.
//!
//! The rules are those of transformers 4.57.6, as the classes in [`super::class`] say them.

use serde_json::Value;
use tokenizers::normalizers::{Prepend, Replace, Sequence};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer as Encoder};

use super::class::{Peculiarity, PrefixSpace, TokenizerClass};
use super::description::Description;
use super::settings::NamedTokens;

/// Whether Python would take a setting for true.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

/// Makes the encoder, which has all its tokens, do what the class does with these settings.
///
/// # Errors
/// What is asked for and cannot be done.
pub(super) fn apply(
    class: &TokenizerClass,
    settings: &Value,
    tokens: &NamedTokens,
    description: &Description,
    encoder: &mut Encoder,
) -> Result<(), String> {
    let wants_anew = is_on(&settings["from_slow"])
        || (class.prefix_space == PrefixSpace::Anew && !settings["add_prefix_space"].is_null());
    if wants_anew {
        if class.prefix_space != PrefixSpace::Anew {
            let what = "its settings ask for it to be made anew from other files (from_slow)";
            return Err(format!("{what}, which is not supported for a {}", class.name));
        }
        make_anew(settings, description, encoder)?;
    } else if class.prefix_space != PrefixSpace::Anew {
        set_prefix_space(class.prefix_space, settings.get("add_prefix_space"), encoder)?;
    }
    if class.has(Peculiarity::NoBos) && is_on(&settings["add_bos_token"]) {
        return Err(format!("a {} cannot add a BOS token, but add_bos_token is set", class.name));
    }
    check_regex(settings, description)?;
    if let Some(adds_bos) = class.adds_bos {
        replace_post_processor(adds_bos, settings, tokens, encoder)?;
    }
    encoder.set_encode_special_tokens(is_on(&settings["split_special_tokens"]));
    Ok(())
}

/// The regular expression that `fix_mistral_regex` asks for, in place of one that Mistral's files had wrong
/// (`_patch_mistral_regex` in `tokenization_utils_base.py`).
const FIXED_REGEX: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// `fix_mistral_regex`: a file that was written with it has the right expression already.
fn check_regex(settings: &Value, description: &Description) -> Result<(), String> {
    // Smaller vocabularies are none of Mistral's, and are left alone there, too.
    let is_concerned = description.model.vocab.0.len() > 100_000;
    let first = &description.pre_tokenizer["pretokenizers"][0]["pattern"]["Regex"];
    if is_on(&settings["fix_mistral_regex"]) && is_concerned && first != FIXED_REGEX {
        return Err("its settings ask for another regular expression than its tokenizer.json has \
                    (fix_mistral_regex), which is not supported"
            .to_owned());
    }
    Ok(())
}

/// The marker of a part to be filled in, if the class has one.
pub(super) fn infilling_marker(class: &TokenizerClass, settings: &Value) -> Option<String> {
    let marker = match settings.get("fill_token") {
        _ if !class.has(Peculiarity::Infilling) => None,
        None => Some("<FILL_ME>"),
        Some(value) => value.as_str().or_else(|| value["content"].as_str()),
    };
    marker.filter(|marker| !marker.is_empty()).map(str::to_owned)
}

/// `add_prefix_space`: whether a text gets a space before it.
fn set_prefix_space(
    reach: PrefixSpace,
    setting: Option<&Value>,
    encoder: &mut Encoder,
) -> Result<(), String> {
    let Some(step) = encoder.get_pre_tokenizer() else { return Ok(()) };
    let wanted = match setting {
        None => false,
        Some(Value::Bool(wanted)) => *wanted,
        // Written down, a null leaves everything as it is.
        Some(Value::Null) => return Ok(()),
        Some(other) => {
            return Err(format!("its \"add_prefix_space\" is {other}, not true or false"));
        }
    };
    let step = match step {
        PreTokenizerWrapper::ByteLevel(step) => {
            ByteLevel::new(wanted, step.trim_offsets, step.use_regex).into()
        }
        step if wanted && reach == PrefixSpace::Everywhere => with_prefix_space(step)?,
        _ => return Ok(()),
    };
    encoder.with_pre_tokenizer(Some(step));
    Ok(())
}

/// A pre-tokenizer with every byte-level one in it adding a space.
fn with_prefix_space(step: &PreTokenizerWrapper) -> Result<PreTokenizerWrapper, String> {
    fn set(value: &mut Value) {
        if let Some(space) = value.get_mut("add_prefix_space") {
            *space = Value::Bool(true);
        }
        let steps = value.get_mut("pretokenizers").and_then(Value::as_array_mut);
        steps.into_iter().flatten().for_each(set);
    }
    let mut json = serde_json::to_value(step).map_err(|error| error.to_string())?;
    set(&mut json);
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// Makes the steps before the vocabulary anew, as they are made from a `tokenizer.model`
/// (`LlamaConverter` in `convert_slow_tokenizer.py`). The vocabulary stays: it was made of that file, too.
fn make_anew(
    settings: &Value,
    description: &Description,
    encoder: &mut Encoder,
) -> Result<(), String> {
    if !is_made_of_sentence_piece(description) {
        return Err(
            "its settings (\"add_prefix_space\" or \"from_slow\") ask for it to be made anew from a \
             tokenizer.model, but its tokenizer.json was not made of one"
                .to_owned(),
        );
    }
    // Its own tokens are then those of the settings, if these list any, so others would go and leave their
    // ids to whatever is added next.
    let beyond = description.model.vocab.0.len() as u64;
    if let Some(listed) = settings["added_tokens_decoder"].as_object() {
        let added = description.added_tokens.as_array().into_iter().flatten();
        let lost = added.filter(|token| token["id"].as_u64().is_some_and(|id| id >= beyond));
        for token in lost {
            if !listed.values().any(|listed| listed["content"] == token["content"]) {
                return Err(format!(
                    "its settings ask for it to be made anew, and their \"added_tokens_decoder\" lacks {}, \
                     which its tokenizer.json adds",
                    token["content"]
                ));
            }
        }
    }
    let legacy = settings["legacy"].is_null() || is_on(&settings["legacy"]);
    let prefix_space = is_on(&settings["add_prefix_space"]);
    let mut steps = Vec::new();
    if legacy {
        if prefix_space {
            steps.push(Prepend::new("▁".to_owned()).into());
        }
        steps.push(Replace::new(" ", "▁").map_err(|error| error.to_string())?.into());
    }
    let normalizer = legacy.then(|| NormalizerWrapper::from(Sequence::new(steps)));
    let scheme = if prefix_space { PrependScheme::First } else { PrependScheme::Never };
    let pre_tokenizer = (!legacy).then(|| Metaspace::new('▁', scheme, false));
    encoder.with_pre_tokenizer(pre_tokenizer);
    encoder.with_normalizer(normalizer).map_err(|error| error.to_string())?;
    Ok(())
}

/// Whether the steps before the vocabulary are ones that spaces are written with as `▁`, and nothing else.
fn is_made_of_sentence_piece(description: &Description) -> bool {
    let is_usual = |step: &Value| match step["type"].as_str() {
        Some("Prepend") => step["prepend"] == "▁",
        Some("Replace") => step["pattern"]["String"] == " " && step["content"] == "▁",
        Some("Metaspace") => step["replacement"] == "▁",
        _ => false,
    };
    let normalizer = &description.normalizer;
    let steps = normalizer["normalizers"].as_array().map(Vec::as_slice);
    let steps = steps.unwrap_or(std::slice::from_ref(normalizer)).iter();
    let mut all = steps.chain([&description.pre_tokenizer]).filter(|step| !step.is_null());
    description.model.r#type == "BPE" && all.all(is_usual)
}

/// BOS and EOS around a text, as the settings say, in place of what `tokenizer.json` says.
fn replace_post_processor(
    adds_bos: bool,
    settings: &Value,
    tokens: &NamedTokens,
    encoder: &mut Encoder,
) -> Result<(), String> {
    let mut markers = Vec::new();
    let mut marker = |setting: &str, name: &str, default: bool| {
        if !settings.get(setting).map_or(default, is_on) {
            return Ok(None);
        }
        let text = tokens.text(name).ok_or_else(|| {
            format!("each text gets its {name} ({setting}), but the files do not name one")
        })?;
        let id = encoder.token_to_id(text).ok_or_else(|| format!("it has no token {text:?}"))?;
        markers.push((text.to_owned(), id));
        Ok::<_, String>(Some(text))
    };
    let bos = marker("add_bos_token", "bos_token", adds_bos)?;
    let eos = marker("add_eos_token", "eos_token", false)?;
    let bos = bos.map_or_else(String::new, |text| format!("{text}:0 "));
    let eos = eos.map_or_else(String::new, |text| format!(" {text}:0"));
    // A template is written as text, in which spaces and colons have a meaning.
    let template = format!("{bos}$A:0{eos}");
    let mut builder = TemplateProcessing::builder();
    let refuse = |error: String| format!("the markers of {template:?} cannot be used: {error}");
    builder.try_single(template.as_str()).map_err(|error| refuse(error.to_string()))?;
    let built = builder.special_tokens(markers).build();
    encoder.with_post_processor(Some(built.map_err(|error| refuse(error.to_string()))?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_regular_expression_that_is_to_be_mended_is_refused_unless_it_is() {
        let vocabulary = |n: usize| (0..n).map(|id| (id as u64, String::new())).collect();
        let wrong = r"\p{N}";
        for (asked, n, regex, is_refused) in [
            (true, 100_001, wrong, true),
            (true, 100_001, FIXED_REGEX, false),
            (true, 100_000, wrong, false),
            (false, 100_001, wrong, false),
        ] {
            let mut description: Description = serde_json::from_value(json!({
                "pre_tokenizer": {"pretokenizers": [{"pattern": {"Regex": regex}}]}}))
            .unwrap();
            description.model.vocab.0 = vocabulary(n);
            let found = check_regex(&json!({"fix_mistral_regex": asked}), &description);
            assert_eq!(found.is_err(), is_refused, "{asked} {n} {regex}");
        }
    }
}
