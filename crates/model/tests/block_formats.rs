//! Every storage format against the reference implementation, bit for bit
//! (`fixtures/block_formats.json`).

use std::path::PathBuf;

use tokenscope_model::format::StorageFormat;

fn fixture() -> Vec<serde_json::Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/block_formats.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hex_bytes(text: &serde_json::Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Numbers as 8 hex digits each.
fn hex_words(text: &serde_json::Value) -> Vec<u32> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(8).map(|i| u32::from_str_radix(&text[i..i + 8], 16).unwrap()).collect()
}

#[test]
fn weights_are_bit_for_bit_those_of_the_reference_but_for_the_sign_of_zero() {
    for golden in fixture() {
        let name = &golden["name"];
        let format = StorageFormat::from_ggml(golden["ggml_type"].as_u64().unwrap() as u32)
            .unwrap_or_else(|| panic!("{name} is not supported"));
        let blocks = golden["blocks"].as_array().unwrap();
        let bytes: Vec<u8> = blocks.iter().flat_map(|block| hex_bytes(&block["bytes"])).collect();
        let expected: Vec<u32> =
            blocks.iter().flat_map(|block| hex_words(&block["weights"])).collect();
        assert_eq!(format.block_len() as u64, golden["block_len"].as_u64().unwrap(), "{name}");
        assert_eq!(bytes.len(), blocks.len() * format.block_bytes(), "{name}");
        assert_eq!(expected.len(), blocks.len() * format.block_len(), "{name}");

        let mut found = vec![f32::NAN; expected.len()];
        format.dequantize(&bytes, &mut found);
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let (block, weight) = (i / format.block_len(), i % format.block_len());
            // Where the reference has -0 we may have 0: a scale times a number, and an offset taken
            // off, instead of the scale times what is left.
            let expected = f32::from_bits(expected) + 0.0;
            assert_eq!(
                (found + 0.0).to_bits(),
                expected.to_bits(),
                "{name}, block {block}, weight {weight}: {found} is not {expected}"
            );
        }
    }
}

#[test]
fn no_supported_format_is_without_golden_blocks() {
    let goldens = fixture();
    for number in 0..256 {
        if let Some(format) = StorageFormat::from_ggml(number) {
            let found = goldens.iter().any(|golden| golden["ggml_type"] == number);
            assert!(found, "{} has none", format.name());
        }
    }
}
