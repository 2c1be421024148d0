//! The special and added tokens of a folder, as its several files give them together.
//!
//! The rules are those of transformers 4.57.6: `_from_pretrained` in `tokenization_utils_base.py` puts
//! together what the files say, and the constructor in `tokenization_utils_fast.py` adds it to what
//! `tokenizer.json` has.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use tokenizers::AddedToken;

use super::HfVocabulary;
use super::class::{Peculiarity, TokenizerClass};
use crate::SpecialTokens;

/// What transformers calls special tokens, in its order.
const NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
const ADDITIONAL: &str = "additional_special_tokens";

/// A token as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    /// None if it is given as a mere text: then a token of this text keeps the flags it has.
    flags: Option<Flags>,
}

/// How a token is looked for in text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Flags {
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    /// Where a file does not say, special tokens are not normalized and others are.
    normalized: Option<bool>,
    special: bool,
}

/// The tokens that a folder's files name.
#[derive(Debug, Default)]
pub(super) struct NamedTokens {
    /// By name: those of [`NAMES`], and further ones that the settings have invented.
    named: Vec<(String, Token)>,
    additional: Vec<Token>,
    /// All tokens that were added to the vocabulary, by id.
    added: Vec<Token>,
}

impl NamedTokens {
    /// Puts together what the files say. `padding` is the padding token of `tokenizer.json` itself.
    ///
    /// # Errors
    /// What is wrong with a file, as a sentence that names it.
    pub(super) fn of(
        files: &HfVocabulary,
        class: &TokenizerClass,
        padding: Option<&str>,
        added_in_json: &Value,
    ) -> Result<Self, String> {
        let in_settings = |error: String| format!("tokenizer_config.json: {error}");
        let mut named = HashMap::new();
        for name in NAMES {
            if let Some(value) = files.settings.get(name) {
                named.insert(name, optional_token(name, value).map_err(in_settings)?);
            }
        }
        let mut additional = list(ADDITIONAL, &files.settings[ADDITIONAL]).map_err(in_settings)?;
        let mut added = AddedTokens::default();
        if let Some(tokens) = files.settings["added_tokens_decoder"].as_object() {
            for (id, value) in tokens {
                let token = Flags::of(value).and_then(|flags| Token::of(value, flags));
                let (id, token) = id.parse().ok().zip(token).ok_or_else(|| {
                    in_settings(format!("\"added_tokens_decoder\" has {id:?}: {value}"))
                })?;
                added.insert(id, token);
            }
        } else {
            // Before there was that list, other files held parts of it.
            let last = merge_map(&files.special_tokens_map, &mut named, &mut additional)
                .map_err(|error| format!("special_tokens_map.json: {error}"))?;
            let special = named.values().flatten().chain(&additional).map(|token| &*token.text);
            added.merge_older(&files.added_tokens, &special.collect(), last, added_in_json)?;
        }
        // A name refers to the token of that text, with its flags.
        for token in named.values_mut().flatten() {
            if let Some(full) = added.by_text.get(&token.text) {
                *token = full.clone();
            }
        }
        for (name, text) in class.defaults {
            named.entry(*name).or_insert_with(|| Some(Token::mere(text)));
        }
        if let Some(text) = padding {
            named.entry("pad_token").or_insert_with(|| Some(Token::mere(text)));
        }
        if class.has(Peculiarity::PlainMarkers) {
            for name in ["bos_token", "eos_token", "unk_token", "pad_token"] {
                if let Some(Some(token)) = named.get_mut(name) {
                    token.flags.get_or_insert(Flags::plain_and_special());
                }
            }
        }
        if class.has(Peculiarity::Infilling) {
            additional.extend(infilling_tokens(&files.settings).map_err(in_settings)?);
        }
        let mut tokens = NamedTokens { additional, ..NamedTokens::default() };
        for name in NAMES {
            let token = named.remove(name).flatten();
            if let Some(token) = token.filter(|token| !token.text.is_empty()) {
                tokens.named.push((name.to_owned(), token));
            }
        }
        tokens.add_extra(&files.settings["extra_special_tokens"]).map_err(in_settings)?;
        tokens.added = added.by_id.into_values().collect();
        Ok(tokens)
    }

    /// Special tokens that a model has names of its own for. Version 5 writes a list here.
    fn add_extra(&mut self, extra: &Value) -> Result<(), String> {
        let Some(extra) = extra.as_object() else {
            self.additional.extend(list("extra_special_tokens", extra)?);
            return Ok(());
        };
        for (name, value) in extra {
            let Some(token) = optional_token(name, value)? else { continue };
            self.named.retain(|(known, _)| known != name);
            self.named.push((name.clone(), token));
        }
        Ok(())
    }

    /// The text of a token by its name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, token) = self.named.iter().find(|(known, _)| known == name)?;
        Some(&token.text)
    }

    /// What chat templates may call by name.
    pub(super) fn for_templates(&self) -> SpecialTokens {
        let named = self.named.iter().map(|(name, token)| (name.clone(), token.text.clone()));
        SpecialTokens {
            named: named.collect(),
            additional: self.additional.iter().map(|token| token.text.clone()).collect(),
        }
    }

    /// What has to be added to an encoder whose added tokens so far are `known`.
    pub(super) fn to_add(&self, known: &HashMap<&str, &AddedToken>) -> Vec<AddedToken> {
        let special = self.special();
        let mut added: HashMap<&str, Vec<&Token>> = HashMap::new();
        for token in &self.added {
            added.entry(&*token.text).or_default().push(token);
        }
        let new = special.iter().filter(|token| {
            let added = added.get(&*token.text);
            match token.flags {
                None => !known.contains_key(&*token.text) && added.is_none(),
                Some(_) => !added.is_some_and(|added| {
                    added.iter().any(|added| added.identity() == token.identity())
                }),
            }
        });
        let texts: HashSet<&str> = special.iter().map(|token| &*token.text).collect();
        let all = self.added.iter().chain(new.copied());
        all.map(|token| token.added(texts.contains(&*token.text))).collect()
    }

    /// All special tokens, without those that a name before them has already
    /// (`all_special_tokens_extended`).
    fn special(&self) -> Vec<&Token> {
        let is_usual = |(name, _): &&(String, Token)| NAMES.contains(&&**name);
        let (usual, extra): (Vec<_>, Vec<_>) = self.named.iter().partition(is_usual);
        let usual = usual.iter().map(|(_, token)| std::slice::from_ref(token));
        let extra = extra.iter().map(|(_, token)| std::slice::from_ref(token));
        let mut seen: HashSet<&str> = HashSet::new();
        let mut special = Vec::new();
        for tokens in usual.chain([&*self.additional]).chain(extra) {
            let new = tokens.iter().filter(|token| !seen.contains(&*token.text));
            let new: Vec<&Token> = new.collect();
            seen.extend(new.iter().map(|token| &*token.text));
            special.extend(new);
        }
        special
    }
}

/// What was added to the vocabulary.
#[derive(Default)]
struct AddedTokens {
    by_id: BTreeMap<u64, Token>,
    /// Where several have the same text, the last one a file gives.
    by_text: HashMap<String, Token>,
}

impl AddedTokens {
    fn insert(&mut self, id: u64, token: Token) {
        self.by_text.insert(token.text.clone(), token.clone());
        self.by_id.insert(id, token);
    }

    /// What `added_tokens.json` lists, by text, and then what `tokenizer.json` has itself. `last` is the last
    /// one of the further special tokens of `special_tokens_map.json`.
    fn merge_older(
        &mut self,
        listed: &Value,
        special: &HashSet<&str>,
        last: Option<String>,
        in_json: &Value,
    ) -> Result<(), String> {
        for (text, id) in listed.as_object().into_iter().flatten() {
            let special = special.contains(&**text);
            let id = id.as_u64().ok_or_else(|| format!("added_tokens.json: {text:?} is {id}"))?;
            let flags = Flags { normalized: Some(!special), special, ..Flags::default() };
            let token = Token { text: text.clone(), flags: Some(flags) };
            // Names do not refer to these: transformers takes the variable of an earlier loop for their text.
            if let Some(last) = &last {
                self.by_text.insert(last.clone(), token.clone());
            }
            self.by_id.insert(id, token);
        }
        for value in in_json.as_array().into_iter().flatten() {
            let token = Flags::of(value).and_then(|flags| Token::of(value, flags));
            if let Some((id, token)) = value["id"].as_u64().zip(token) {
                self.insert(id, token);
            }
        }
        Ok(())
    }
}

impl Flags {
    /// Those of a token that is written as an object.
    fn of(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let flag = |name: &str| object.get(name).and_then(Value::as_bool);
        Some(Flags {
            single_word: flag("single_word").unwrap_or(false),
            lstrip: flag("lstrip").unwrap_or(false),
            rstrip: flag("rstrip").unwrap_or(false),
            normalized: flag("normalized"),
            special: flag("special").unwrap_or(false),
        })
    }

    fn plain_and_special() -> Self {
        Flags { normalized: Some(false), special: true, ..Flags::default() }
    }

    fn is_normalized(self) -> bool {
        self.normalized.unwrap_or(!self.special)
    }
}

impl Token {
    fn mere(text: &str) -> Self {
        Token { text: text.to_owned(), flags: None }
    }

    /// One that is written as an object.
    fn of(value: &Value, flags: Flags) -> Option<Self> {
        Some(Token { text: value["content"].as_str()?.to_owned(), flags: Some(flags) })
    }

    /// What makes it the same token as another: its text and flags.
    fn identity(&self) -> (String, Option<Flags>) {
        let flags = self.flags;
        let flags = flags.map(|flags| Flags { normalized: Some(flags.is_normalized()), ..flags });
        (self.text.clone(), flags)
    }

    /// As the encoder takes it.
    fn added(&self, is_named_special: bool) -> AddedToken {
        let flags = self.flags.unwrap_or_default();
        let flags = Flags { special: flags.special || is_named_special, ..flags };
        AddedToken::from(&*self.text, flags.special)
            .single_word(flags.single_word)
            .lstrip(flags.lstrip)
            .rstrip(flags.rstrip)
            .normalized(flags.is_normalized())
    }
}

/// A token that is written as its text, as an object or as null.
fn optional_token(name: &str, value: &Value) -> Result<Option<Token>, String> {
    let token = match (value, Flags::of(value)) {
        (Value::Null, _) => return Ok(None),
        (Value::String(text), _) => Some(Token::mere(text)),
        (_, Some(flags)) => Token::of(value, flags),
        _ => None,
    };
    token.map(Some).ok_or_else(|| format!("{name:?} is {value}, which is no token"))
}

/// A list of tokens, or null.
fn list(name: &str, value: &Value) -> Result<Vec<Token>, String> {
    let tokens = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(tokens) => tokens.iter().map(|token| optional_token(name, token)),
        other => return Err(format!("{name:?} is {other}, not a list of tokens")),
    };
    tokens.map(|token| token?.ok_or_else(|| format!("{name:?} has a null in it"))).collect()
}

/// What `special_tokens_map.json` says replaces what the settings say; its further special tokens are added
/// to theirs. Returns the text of the last one of these.
fn merge_map(
    map: &Value,
    named: &mut HashMap<&'static str, Option<Token>>,
    additional: &mut Vec<Token>,
) -> Result<Option<String>, String> {
    // All of them are special, whatever they say.
    let special = |mut token: Token| {
        if let Some(flags) = &mut token.flags {
            flags.special = true;
        }
        token
    };
    for name in NAMES {
        if let Some(value) = map.get(name) {
            named.insert(name, optional_token(name, value)?.map(special));
        }
    }
    // Objects of the settings are compared before they are read as tokens, so they are none of these.
    let mere = additional.iter().filter(|token| token.flags.is_none()).map(Token::identity);
    let mut known: HashSet<_> = mere.collect();
    let further = list(ADDITIONAL, &map[ADDITIONAL])?;
    let last = further.last().map(|token| token.text.clone());
    additional
        .extend(further.into_iter().map(special).filter(|token| known.insert(token.identity())));
    Ok(last)
}

/// The markers around the parts of a text with a part to be filled in (`CodeLlamaTokenizerFast`).
fn infilling_tokens(settings: &Value) -> Result<Vec<Token>, String> {
    let defaults = [
        ("prefix_token", "▁<PRE>"),
        ("middle_token", "▁<MID>"),
        ("suffix_token", "▁<SUF>"),
        ("eot_token", "▁<EOT>"),
    ];
    let tokens = defaults.into_iter().map(|(name, default)| match settings.get(name) {
        None => Ok(Some(Token::mere(default))),
        Some(value) => optional_token(name, value),
    });
    Ok(tokens.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
