//! Any bytes as a folder in Hugging Face's layout: an error or a model that can be run, never a
//! panic. The input is `config.json`, a zero byte, and `model.safetensors`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenscope_model::{Decoder, HfFolder, KvCache, Model as _};
use tokenscope_tokens::TokenId;

fuzz_target!(|bytes: &[u8]| {
    let border = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (config, rest) = bytes.split_at(border);
    let folder = tempfile::tempdir().expect("there is room for two files");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("there is room for two files");
    };
    write("config.json", config);
    write("model.safetensors", rest.get(1..).unwrap_or_default());
    let Ok(opened) = HfFolder::open(folder.path()) else { return };
    if let Ok(model) = Decoder::from_folder(&opened, 1) {
        let empty = KvCache::empty(model.config().regime(1));
        model.forward(&empty, &[TokenId(0)], 1);
    }
});
