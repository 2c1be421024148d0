//! What the fuzzers start from (`fuzz/seeds`) are models: from refused files they would not get far.

use std::path::Path;

use tokenscope_model::{Decoder, GgufFile, HfFolder, KvCache, Model};
use tokenscope_tokens::TokenId;

fn for_each_seed(kind: &str, check: impl Fn(&Path) -> Decoder) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(kind);
    let mut n = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let model = check(&path);
        let empty = KvCache::empty(model.config().regime(1));
        let logits = model.forward(&empty, &[TokenId(0)], 1, &|| true).unwrap().logits.remove(0);
        assert!(logits.iter().all(|logit| logit.is_finite()), "{}", path.display());
        n += 1;
    }
    assert_eq!(n, 7);
}

#[test]
fn gguf_seeds_are_models() {
    for_each_seed("gguf", |path| {
        let open = || Decoder::from_gguf(&GgufFile::open(path)?, 1);
        open().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
}

#[test]
fn folder_seeds_are_models() {
    for_each_seed("folder", |path| {
        let bytes = std::fs::read(path).unwrap();
        let border = bytes.iter().position(|byte| *byte == 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), &bytes[..border]).unwrap();
        std::fs::write(folder.path().join("model.safetensors"), &bytes[border + 1..]).unwrap();
        let open = || Decoder::from_folder(&HfFolder::open(folder.path())?, 1);
        open().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
}
