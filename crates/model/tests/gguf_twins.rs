//! GGUF twins of the tiny checkpoints against what transformers and llama.cpp compute for them
//! (`tools/reference/tiny_to_gguf.py`).

mod numbers;

use std::path::PathBuf;

use numbers::{assert_close, fixture, floats, greedy_10, ids, json, softmax, whole};
use tokenscope_model::{Decoder, GgufFile};

struct Twin {
    name: String,
    folder: PathBuf,
    numbers: serde_json::Value,
}

/// The twins of checkpoints as they are, and those of checkpoints made anew.
fn twins() -> Vec<Twin> {
    let folders = ["tiny", "tiny_gguf"]
        .into_iter()
        .flat_map(|root| std::fs::read_dir(fixture(root)).unwrap())
        .map(|folder| folder.unwrap().path())
        .filter(|folder| folder.join("golden_gguf.json").is_file());
    let mut twins: Vec<Twin> = folders
        .map(|folder| Twin {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            numbers: json(&folder.join("golden_gguf.json")),
            folder,
        })
        .collect();
    twins.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(twins.len(), 22);
    twins
}

impl Twin {
    fn open(&self, file: &str) -> Decoder {
        Decoder::from_gguf(&GgufFile::open(&self.folder.join(file)).unwrap(), 2).unwrap()
    }

    fn last_logits(&self, file: &str) -> Vec<f32> {
        let ids = ids(&self.numbers["input_ids"]);
        whole(&self.open(file), &ids, 1).logits.remove(0)
    }
}

#[test]
fn logits_are_pytorchs_in_float32_and_in_q8_0() {
    for twin in twins() {
        for (file, key) in [("model.gguf", "logits_last"), ("model-q8_0.gguf", "logits_last_q8_0")]
        {
            let name = format!("{} {file}", twin.name);
            let (found, expected) = (twin.last_logits(file), floats(&twin.numbers[key]));
            let pairs = softmax(&found).into_iter().zip(softmax(&expected));
            let worst = pairs.fold(0.0, |worst: f64, (a, b)| worst.max((a - b).abs()));
            assert!(worst <= 1e-5, "{name}: probabilities differ by {worst:e}");
            assert_close(&name, &found, &expected, 2e-6);
        }
    }
}

/// llama.cpp has one Gelu, the one with the tanh, and takes it from a table in 16 bits; without one
/// it agrees to rounding.
#[test]
fn logits_are_llama_cpps() {
    let mut twins = twins();
    // llama.cpp leaves out the window of Phi 3, and does not load a GPT-NeoX without biases.
    twins.retain(|twin| !twin.numbers["llama_cpp"].is_null());
    assert_eq!(twins.len(), 19);
    for twin in twins {
        let found = twin.last_logits("model.gguf");
        let expected = floats(&twin.numbers["llama_cpp"]["logits_last"]);
        let has_gelu = ["gemma", "gpt", "starcoder"].iter().any(|name| twin.name.starts_with(name));
        assert_close(&twin.name, &found, &expected, if has_gelu { 1e-3 } else { 2e-6 });
    }
}

#[test]
fn greedy_continuations_are_pytorchs() {
    for twin in twins() {
        let (continuation, _) =
            greedy_10(&twin.open("model.gguf"), &ids(&twin.numbers["input_ids"]));
        assert_eq!(continuation, ids(&twin.numbers["greedy_10"]), "{}", twin.name);
    }
}

#[test]
fn short_sequences_are_pytorchs_where_long_ones_are_turned_otherwise() {
    let mut twins = twins();
    twins.retain(|twin| twin.folder.join("golden_short.json").is_file());
    assert_eq!(twins.len(), 2);
    for twin in twins {
        let golden = json(&twin.folder.join("golden_short.json"));
        let logits = whole(&twin.open("model.gguf"), &ids(&golden["input_ids"]), 1).logits;
        assert_close(&twin.name, &logits[0], &floats(&golden["logits_last"]), 2e-6);
    }
}
