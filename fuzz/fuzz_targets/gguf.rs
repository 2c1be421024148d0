//! Any bytes as a GGUF file: an error or a model that can be run, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokenscope_model::{Decoder, GgufFile, KvCache, Model as _};
use tokenscope_tokens::TokenId;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).expect("there is room for a file");
    let Ok(file) = GgufFile::open(&path) else { return };
    if let Ok(model) = Decoder::from_gguf(&file, 1) {
        let empty = KvCache::empty(model.config().regime(1));
        model.forward(&empty, &[TokenId(0)], 1);
    }
});
