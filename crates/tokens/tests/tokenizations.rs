//! The ids that sentencepiece and llama.cpp give to awkward texts, and what transformers renders.

use serde_json::Value;
use tokenscope_tokens::{
    ChatTemplate, GgufVocabulary, SpecialTokens, TokenId, TokenKind, Tokenizer,
};

fn fixture(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tokenizations/");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}{name}")).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn ids(value: &Value) -> Vec<TokenId> {
    value.as_array().unwrap().iter().map(|id| TokenId(id.as_u64().unwrap() as u32)).collect()
}

fn kinds(value: &Value) -> Vec<TokenKind> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|kind| TokenKind::from_gguf(kind.as_i64().unwrap()).unwrap()).collect()
}

fn sentence_piece(vocabulary: &Value) -> GgufVocabulary {
    let scores = vocabulary["scores"].as_array().unwrap();
    GgufVocabulary {
        model: "llama".into(),
        tokens: texts(&vocabulary["tokens"]),
        scores: scores.iter().map(|score| score.as_f64().unwrap() as f32).collect(),
        kinds: kinds(&vocabulary["kinds"]),
        ..GgufVocabulary::default()
    }
}

#[test]
fn sentence_piece_texts_get_the_ids_of_sentencepiece_and_of_llama_cpp() {
    let fixture = fixture("sentence_piece.json");
    let mut compared = 0;
    for name in ["with_bytes", "without_bytes"] {
        let plain = sentence_piece(&fixture[name]);
        let no_prefix = GgufVocabulary { add_space_prefix: Some(false), ..plain.clone() };
        let phi3 = GgufVocabulary { is_phi3: true, ..plain.clone() };
        let [plain, no_prefix, phi3] =
            [plain, no_prefix, phi3].map(|source| Tokenizer::from_gguf(&source).unwrap());
        for case in fixture[name]["cases"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            for (witness, found) in [
                ("sentencepiece", plain.encode(text)),
                ("llama_cpp", plain.encode(text)),
                ("llama_cpp_prompt", plain.encode_prompt(text)),
                ("llama_cpp_no_space_prefix", no_prefix.encode(text)),
                ("llama_cpp_phi3", phi3.encode(text)),
            ] {
                if case[witness].is_array() {
                    assert_eq!(found.unwrap(), ids(&case[witness]), "{name} {witness} {text:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 300, "only {compared} answers to compare with");
}

#[test]
fn byte_level_texts_get_llama_cpps_ids_for_every_pre_tokenizer() {
    let fixture = fixture("byte_level.json");
    let (vocabulary, prompts) = (texts(&fixture["tokens"]), texts(&fixture["texts"]));
    let id_of =
        |text: &str| TokenId(vocabulary.iter().position(|token| token == text).unwrap() as u32);
    let source = GgufVocabulary {
        model: "gpt2".into(),
        tokens: vocabulary.clone(),
        kinds: kinds(&fixture["kinds"]),
        merges: texts(&fixture["merges"]),
        bos: Some(id_of("<|user|>")),
        ..GgufVocabulary::default()
    };
    for (pre, expected) in fixture["pre_tokenizers"].as_object().unwrap() {
        let source = GgufVocabulary { pre: Some(pre.clone()), ..source.clone() };
        let tokenizer = Tokenizer::from_gguf(&source).unwrap();
        let adds_bos = tokenizer.encode_prompt("a").unwrap()[0] == id_of("<|user|>");
        assert_eq!(adds_bos, expected["adds_bos"].as_bool().unwrap(), "{pre} adds BOS");
        let mut wrong = Vec::new();
        for (text, expected) in prompts.iter().zip(expected["ids"].as_array().unwrap()) {
            let found = tokenizer.encode(text).unwrap();
            if found != ids(expected) {
                let words = |ids: &[TokenId]| -> Vec<String> {
                    ids.iter().map(|&id| tokenizer.vocabulary().display(id)).collect()
                };
                wrong.push(format!(
                    "{text:?}: {:?}, not {:?}",
                    words(&found),
                    words(&ids(expected))
                ));
            }
        }
        assert!(wrong.is_empty(), "{pre}: {wrong:#?}");
    }
}

#[test]
fn templates_in_the_manner_of_real_models_render_as_transformers_does() {
    for case in fixture("chat_templates.json")["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let named = [("bos_token", "<s>"), ("eos_token", "</s>")];
        let named = named.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        let tokens = SpecialTokens { named, additional: Vec::new() };
        let template = ChatTemplate::new(text("template"), tokens).unwrap();
        let chat = template.render(text("system"), text("user"));
        let chat = chat.unwrap_or_else(|error| panic!("{}: {error}", text("name")));
        assert_eq!(chat.text, text("text"), "{}", text("name"));
        assert!(!chat.system_folded);
    }
}
