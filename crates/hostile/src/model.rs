//! Files of models: an error, or a model that can be run.

use std::fs;
use std::sync::LazyLock;

use tokenscope_engine::fuzz_door;
use tokenscope_model::{Decoder, GgufFile, HfFolder, KvCache, Model as _};
use tokenscope_tokens::{TokenId, Tokenizer};

use crate::{halves, project};

/// A GGUF file, with its vocabulary if it has one.
pub(crate) fn gguf(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join("model.gguf");
    fs::write(&path, bytes).expect("there is room for a file");
    let Ok(file) = GgufFile::open(&path) else { return };
    if let Ok(vocabulary) = fuzz_door::gguf_vocabulary(&file)
        && let Ok(tokenizer) = Tokenizer::from_gguf(&vocabulary)
    {
        crate::text::tokenize(&tokenizer);
    }
    if let Ok(model) = Decoder::from_gguf(&file, 1) {
        forward(&model);
    }
}

/// `config.json`, a zero byte, and `model.safetensors`.
pub(crate) fn folder(bytes: &[u8]) {
    let (config, weights) = halves(bytes);
    open(config, weights);
}

/// `config.json` alone, beside sound weights.
pub(crate) fn config(bytes: &[u8]) {
    static WEIGHTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let seed = fs::read(project("fuzz/seeds/folder/llama")).expect("the seed is there");
        halves(&seed).1.to_vec()
    });
    open(bytes, &WEIGHTS);
}

fn open(config: &[u8], weights: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for two files");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).expect("there is room for two files");
    };
    write("config.json", config);
    write("model.safetensors", weights);
    let Ok(opened) = HfFolder::open(folder.path()) else { return };
    if let Ok(model) = Decoder::from_folder(&opened, 1) {
        forward(&model);
    }
}

fn forward(model: &Decoder) {
    let empty = KvCache::empty(model.config().regime(1));
    let forward = model.forward(&empty, &[TokenId(0)], 1, &|| true);
    assert_eq!(forward.expect("nobody stops it").logits.len(), 1);
}
