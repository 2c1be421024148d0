//! The ids that transformers' AutoTokenizer gives, for random vocabularies with random settings around them.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokenscope_tokens::{HfVocabulary, TokenId, Tokenizer};

/// What we refuse, though transformers does not.
const ONLY_REFUSED_HERE: [&str; 3] = [
    "is to be looked for in normalized text by one file and not by another",
    "to be made anew from other files (from_slow), which is not supported for a",
    "to be made anew, and their \"added_tokens_decoder\" lacks",
];

fn fixture() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/tokenizations/tokenizer_settings.json.gz"
    );
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What we make of a folder: ids, variables of chat templates, and ids of named tokens, in the fixture's form.
fn answer(folder: &HfVocabulary, texts: &[&str]) -> Result<Value, String> {
    let tokenizer = Tokenizer::from_hf(folder).map_err(|error| error.to_string())?;
    let numbers = |ids: Vec<TokenId>| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let ids = texts.iter().map(|text| {
        let (prompt, bare) = (tokenizer.encode_prompt(text), tokenizer.encode(text));
        let [prompt, bare] = [prompt, bare].map(|ids| ids.map_err(|error| error.to_string()));
        Ok(json!([numbers(prompt?), numbers(bare?)]))
    });
    let ids = ids.collect::<Result<Vec<_>, String>>()?;
    let special = tokenizer.special_tokens();
    let named = special.named.iter().map(|(name, text)| (name.clone(), json!(text)));
    let mut variables: BTreeMap<String, Value> = named.collect();
    if !special.additional.is_empty() {
        variables.insert("additional_special_tokens".to_owned(), json!(special.additional));
    }
    let named = [tokenizer.bos(), tokenizer.eos(), tokenizer.unknown(), tokenizer.padding()];
    Ok(json!({"ids": ids, "special": variables, "named": named.map(|id| id.map(|id| id.0))}))
}

#[test]
fn random_folders_are_tokenized_as_transformers_does() {
    let fixture = fixture();
    let texts = fixture["texts"].as_array().unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    let (mut same, mut refused, mut only_here, mut wrong) = (0, 0, 0, Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let [model_type, parts, settings, special_tokens_map, added_tokens, chosen, expected] =
            case.as_array().unwrap().as_slice()
        else {
            panic!("case {number} has other parts");
        };
        let vocabulary = &fixture["vocabularies"][parts["vocabulary"].as_str().unwrap()];
        let mut json = vocabulary.clone();
        for (name, part) in parts.as_object().unwrap() {
            if name != "vocabulary" {
                json[name] = part.clone();
            }
        }
        json["version"] = "1.0".into();
        let folder = HfVocabulary {
            tokenizer_json: json.to_string(),
            settings: settings.clone(),
            special_tokens_map: special_tokens_map.clone(),
            added_tokens: added_tokens.clone(),
            config: json!({"model_type": model_type}),
            other_ends: Vec::new(),
        };
        let chosen = chosen.as_array().unwrap().iter();
        let chosen: Vec<&str> =
            chosen.map(|index| texts[index.as_u64().unwrap() as usize].as_str().unwrap()).collect();
        let found = answer(&folder, &chosen);
        match (&found, expected["error"].as_str()) {
            (Ok(found), None) if found == expected => same += 1,
            (Err(_), Some(_)) => refused += 1,
            (Err(error), None) if ONLY_REFUSED_HERE.iter().any(|part| error.contains(part)) => {
                only_here += 1;
            }
            _ => wrong.push(format!(
                "{number}: {}\n  is not {expected}\n  for {chosen:?}, {model_type}, {parts}\n  {settings}\n  \
                 {special_tokens_map} {added_tokens}",
                found.map_or_else(|error| error, |found| found.to_string())
            )),
        }
    }
    let n_wrong = wrong.len();
    wrong.truncate(8);
    assert!(wrong.is_empty(), "{n_wrong} of {}:\n{}", cases.len(), wrong.join("\n"));
    // Tokenized alike, refused by both, and refused here alone.
    assert_eq!((same, refused, only_here), (2270, 298, 32));
}
