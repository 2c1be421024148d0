//! What is read and what is refused, for every family. That the numbers are right is for
//! `tests/gguf_twins.rs`.

use super::{FAMILIES, Family, MlpShape, Positions};
use crate::config::{Config, LayerConfig, NormKind, Pairing, Rope};
use crate::ops::testing::assert_close;
use crate::testing::{TinyGguf, Value, Value::*};
use crate::{GgufFile, family};

/// A model of width 8 that is read without complaint.
fn tiny(name: &'static str, n_layers: u32) -> TinyGguf {
    let mut file = TinyGguf::new(name);
    let Some(family) = FAMILIES.iter().find(|family| family.name == name) else { return file };
    for (key, value) in [
        ("block_count", U32(n_layers)),
        ("context_length", U32(16)),
        ("embedding_length", U32(8)),
        ("feed_forward_length", U32(4)),
        ("attention.head_count", U32(2)),
        ("attention.head_count_kv", U32(1)),
        (epsilon_key(family), F32(1e-5)),
    ] {
        file.set(&format!("{name}.{key}"), value);
    }
    file.tensor("token_embd.weight", &[8, 3]);
    file.tensor("output_norm.weight", &[8]);
    if matches!(family.positions, Positions::Learned) {
        file.tensor("position_embd.weight", &[8, 16]);
    }
    if name == "gptneox" {
        file.set("gptneox.use_parallel_residual", Bool(true));
    }
    for layer in 0..n_layers {
        for (part, extents) in block(family) {
            file.tensor(&format!("blk.{layer}.{part}.weight"), extents);
        }
    }
    file
}

fn epsilon_key(family: &Family) -> &'static str {
    match family.norm {
        NormKind::Rms => "attention.layer_norm_rms_epsilon",
        NormKind::Layer => "attention.layer_norm_epsilon",
    }
}

/// The tensors of a block, as llama.cpp names them.
fn block(family: &Family) -> Vec<(&'static str, &'static [u64])> {
    let norms: &[&str] = match family.name {
        "gemma2" | "gemma3" => &["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"],
        "olmo2" => &["post_attention_norm", "post_ffw_norm"],
        _ => &["attn_norm", "ffn_norm"],
    };
    let mut parts: Vec<(&str, &[u64])> = norms.iter().map(|name| (*name, &[8][..])).collect();
    parts.extend(match family.name {
        "gpt2" | "gptneox" | "phi3" => vec![("attn_qkv", &[8, 16][..])],
        _ => vec![("attn_q", &[8, 8][..]), ("attn_k", &[8, 4]), ("attn_v", &[8, 4])],
    });
    parts.extend(match family.name {
        "gemma3" | "qwen3" => vec![("attn_q_norm", &[4][..]), ("attn_k_norm", &[4])],
        "olmo2" => vec![("attn_q_norm", &[8][..]), ("attn_k_norm", &[4])],
        _ => vec![],
    });
    parts.extend([("attn_output", &[8, 8][..]), ("ffn_down", &[4, 8])]);
    parts.extend(match family.mlp {
        MlpShape::Gated => vec![("ffn_gate", &[8, 4][..]), ("ffn_up", &[8, 4])],
        MlpShape::GateAboveUp => vec![("ffn_up", &[8, 8][..])],
        MlpShape::Plain => vec![("ffn_up", &[8, 4][..])],
    });
    parts
}

fn read(file: &TinyGguf) -> Result<Config, String> {
    let file = file.write();
    let file = GgufFile::open(file.path()).unwrap();
    family::read_gguf(&file).map(|recipe| recipe.config).map_err(|error| error.to_string())
}

/// The complaint about a one-layer file of an architecture after a change.
fn complaint(name: &'static str, change: impl FnOnce(&mut TinyGguf)) -> String {
    let mut file = tiny(name, 1);
    change(&mut file);
    read(&file).err().unwrap_or_default()
}

#[test]
fn sound_files_are_read() {
    for family in FAMILIES {
        assert_eq!(complaint(family.name, |_| {}), "", "{}", family.name);
    }
    for (key, value) in [
        ("llama.rope.scaling.factor", F32(1.0)),
        ("llama.rope.scaling.type", Text("none")),
        ("llama.vocab_size", U32(3)),
        ("llama.attention.value_length", U32(4)),
        ("llama.attention.causal", Bool(true)),
        ("llama.expert_count", U32(0)),
        ("llama.attention.sliding_window", U32(16)),
        ("llama.rope.scaling.factor", F32(4.0)),
        ("llama.rope.scale_linear", F32(4.0)),
        ("phi3.attention.sliding_window", U32(0)),
        ("phi3.rope.scaling.original_context_length", U32(8)),
        ("general.anything", U32(8)),
    ] {
        let name = if key.starts_with("phi3") { "phi3" } else { "llama" };
        assert_eq!(complaint(name, |file| file.set(key, value)), "", "{key}");
    }
}

#[test]
fn a_missing_or_misshapen_tensor_is_named() {
    for family in FAMILIES {
        for tensor in tiny(family.name, 1).tensor_names() {
            let error = complaint(family.name, |file| file.remove_tensor(&tensor));
            // Without the joint matrix, separate ones are looked for.
            let expected = tensor.replace("attn_qkv", "attn_q");
            assert!(error.contains(&format!("{expected:?}")), "{}: {error}", family.name);
            assert!(error.contains("no such tensor") || error.contains("found"), "{error}");
            let error = complaint(family.name, |file| file.tensor(&tensor, &[5, 7, 2]));
            assert!(error.contains(&format!("{tensor:?}")), "{}: {error}", family.name);
            assert!(error.contains("2 x 7 x 5"), "{}: {error}", family.name);
        }
    }
}

#[test]
fn a_tensor_that_no_one_asked_for_is_refused_by_name() {
    for family in FAMILIES {
        for tensor in ["output.bias", "blk.0.attn_sinks.weight", "blk.0.ffn_gate_inp.weight"] {
            let error = complaint(family.name, |file| file.tensor(tensor, &[8]));
            assert!(error.contains(tensor), "{} {tensor}: {error:?}", family.name);
        }
    }
}

#[test]
fn a_missing_or_odd_setting_is_named() {
    for family in FAMILIES {
        for key in [
            "block_count",
            "context_length",
            "embedding_length",
            "feed_forward_length",
            "attention.head_count",
            epsilon_key(family),
        ] {
            let key = format!("{}.{key}", family.name);
            let error = complaint(family.name, |file| file.unset(&key));
            assert!(error.contains(&key), "{key}: {error:?}");
            for value in [Text("2"), Ints(&[2, 2])] {
                let error = complaint(family.name, |file| file.set(&key, value));
                assert!(error.contains(&key), "{key}: {error:?}");
            }
        }
    }
}

#[test]
fn what_we_would_get_wrong_is_refused_by_name() {
    for family in FAMILIES {
        for (key, value, expected) in [
            ("expert_count", U32(8), "a mixture of experts"),
            ("attention.causal", Bool(false), "attention to later tokens"),
            ("attention.value_length", U32(2), "keys of 4 with values of 2 dimensions"),
            ("attention.clamp_kqv", F32(8.0), "a setting (@.attention.clamp_kqv = 8)"),
            ("attention.max_alibi_bias", F32(8.0), "@.attention.max_alibi_bias = 8"),
            ("attention.key_length", U32(1 << 30), "heads of 1073741824"),
            ("attention.key_length", U32(u32::MAX), "@.attention.key_length"),
            ("attention.head_count", U32(0), "@.attention.head_count"),
            ("attention.head_count", U32(16), "heads of 0"),
            ("attention.head_count_kv", U32(3), "do not divide"),
            ("attention.head_count_kv", Text("2"), "@.attention.head_count_kv"),
            ("block_count", U32(1 << 31), "2147483648 layers"),
            ("block_count", U32(2), "\"blk.1."),
            ("rope.scaling.type", Text("su"), "su"),
            ("rope.scaling.type", Text("longrope"), "longrope"),
            ("rope.scaling.yarn_beta_fast", F32(16.0), "@.rope.scaling.yarn_beta_fast = 16"),
            ("rope.scaling.attn_factor", F32(1.2), "@.rope.scaling.attn_factor"),
        ] {
            let error =
                complaint(family.name, |file| file.set(&format!("{}.{key}", family.name), value));
            let expected = expected.replace('@', family.name);
            assert!(error.contains(&expected), "{} {key}: {error:?}", family.name);
        }
    }
    for (name, key, value, expected) in [
        ("mamba", "x", U32(0), "\"mamba\"; supported: gemma, gemma2"),
        ("llama", "llama.attention.sliding_window", U32(4), "llama.attention.sliding_window = 4"),
        ("olmo2", "olmo2.attention.sliding_window", U32(4), "olmo2.attention.sliding_window = 4"),
        ("llama", "llama.attention.head_count", U32(4), "expected 2 x 8, found 4 x 8"),
        ("llama", "llama.attention.head_count_kv", U32(2), "expected 8 x 8, found 4 x 8"),
        ("phi3", "phi3.attention.head_count_kv", U32(2), "expected 24 x 8, found 16 x 8"),
        ("phi3", "phi3.feed_forward_length", U32(8), "expected 16 x 8, found 8 x 8"),
        ("llama", "llama.rope.dimension_count", U32(3), "rotary embedding of 3 of 4"),
        ("llama", "llama.rope.dimension_count", U32(6), "rotary embedding of 6 of 4"),
        ("llama", "llama.rope.freq_base", F32(f32::NAN), "llama.rope.freq_base"),
        ("llama", "llama.rope.freq_base", F32(1.0), "a rotary base of 1"),
        ("llama", "llama.rope.scaling.factor", F32(-4.0), "rotary positions slowed down by -4"),
        ("llama", "llama.rope.scaling.type", Text("yarn"), "llama.rope.scaling.factor"),
        ("llama", "llama.rope.scaling.type", U32(1), "llama.rope.scaling.type"),
        ("gemma3", "gemma3.rope.global.freq_base", F32(1e6), "gemma3.rope.global.freq_base"),
        ("gemma3", "gemma3.attn_logit_softcapping", F32(50.0), "gemma3.attn_logit_softcapping"),
        ("gemma2", "gemma2.attention.sliding_window", U32(0), "gemma2.attention.sliding_window"),
        ("gemma2", "gemma2.attention.sliding_window_pattern", Bools(&[true, false]), "per layer"),
        ("gemma2", "gemma2.attention.scale", F32(0.5), "gemma2.attention.scale = 0.5"),
        ("granite", "granite.rope.scaling.finetuned", Bool(false), "without rotary embedding"),
        ("gpt2", "gpt2.context_length", U32(32), "expected 32 x 8, found 16 x 8"),
    ] {
        let error = complaint(name, |file| file.set(key, value));
        assert!(error.contains(expected), "{name} {key}: {error:?} should say {expected:?}");
    }
    let one_of_two = complaint("llama", |file| {
        file.set("llama.a", U32(0));
        file.set("llama.b", Ints(&[0, 1]));
    });
    assert!(one_of_two.contains("llama.b = a list of 2"), "{one_of_two:?}");
}

#[test]
fn longrope_needs_all_of_its_parts_and_no_other_scaling() {
    let complaint = |change: &dyn Fn(&mut TinyGguf)| {
        complaint("phi3", |file| {
            file.vector("rope_factors_long.weight", &[2.0, 3.0]);
            file.vector("rope_factors_short.weight", &[1.0, 2.0]);
            file.set("phi3.rope.scaling.attn_factor", F32(1.5));
            file.set("phi3.rope.scaling.original_context_length", U32(8));
            change(file);
        })
    };
    assert_eq!(complaint(&|_| {}), "");
    for (key, expected) in [
        ("phi3.rope.scaling.attn_factor", "phi3.rope.scaling.attn_factor"),
        ("phi3.rope.scaling.original_context_length", "original_context_length"),
    ] {
        let error = complaint(&|file| file.unset(key));
        assert!(error.contains(expected), "{key}: {error:?}");
    }
    for partner in ["short", "long"] {
        let name = format!("rope_factors_{partner}.weight");
        let error = complaint(&|file| file.remove_tensor(&name));
        assert!(error.contains("sequences alone"), "{partner}: {error:?}");
    }
    let error = complaint(&|file| file.tensor("rope_factors_long.weight", &[3]));
    assert!(error.contains("expected 2, found 3"), "{error:?}");
    for kind in ["linear", "yarn", "none"] {
        let error = complaint(&|file| file.set("phi3.rope.scaling.type", Text(kind)));
        assert!(error.contains(&format!("{kind} scaling")), "{kind}: {error:?}");
    }
    let error = complaint(&|file| file.vector("rope_freqs.weight", &[1.0, 1.0]));
    assert!(error.contains("with rope_freqs"), "{error:?}");
    for name in ["rope_freqs", "rope_factors_long", "rope_factors_short"] {
        let error = complaint(&|file| file.tensor(&format!("{name}.weight"), &[2]));
        assert!(error.contains("expected positive numbers, found 0"), "{name}: {error:?}");
    }
}

fn config_of(name: &'static str, n_layers: u32, settings: &[(&str, Value)]) -> Config {
    let mut file = tiny(name, n_layers);
    for (key, value) in settings {
        file.set(&format!("{name}.{key}"), *value);
    }
    read(&file).unwrap()
}

/// The second of two pairs turns 0.01 per position: 32 times (there, YaRN begins to slow pairs down)
/// within 20,106 positions, once (there, it has fully slowed them down) within 628; steps are whole
/// pairs.
#[test]
fn yarn_slows_pairs_down_between_one_turn_and_32() {
    for (trained_length, beta_fast, beta_slow, expected) in [
        (620, 32.0, 1.0, 0.0025),
        (640, 32.0, 1.0, 0.00625),
        (20_000, 32.0, 1.0, 0.00625),
        (20_200, 32.0, 1.0, 0.01),
        // Half as many turns are reached in half as many positions.
        (10_200, 16.0, 1.0, 0.01),
        (640, 32.0, 2.0, 0.0025),
    ] {
        let settings = [
            ("rope.scaling.type", Text("yarn")),
            ("rope.scaling.factor", F32(4.0)),
            ("rope.scaling.original_context_length", U32(trained_length)),
            ("rope.scaling.yarn_beta_fast", F32(beta_fast)),
            ("rope.scaling.yarn_beta_slow", F32(beta_slow)),
            ("rope.scaling.yarn_ext_factor", F32(1.0)),
        ];
        let rope = &config_of("llama", 1, &settings).ropes[0];
        assert_close(&rope.inverse_frequencies, &[1.0, expected], 1e-6);
    }
}

#[test]
fn yarn_in_parts_is_refused() {
    for key in ["yarn_ext_factor", "yarn_attn_factor"] {
        let error = complaint("llama", |file| {
            file.set("llama.rope.scaling.type", Text("yarn"));
            file.set("llama.rope.scaling.factor", F32(4.0));
            file.set(&format!("llama.rope.scaling.{key}"), F32(0.5));
        });
        assert!(error.contains(&format!("{key} = 0.5")), "{key}: {error:?}");
    }
}

#[test]
fn first_files_of_phi_3_do_not_say_their_window() {
    for (context_length, expected) in [(4096, Some(2047)), (8192, None)] {
        let config = config_of("phi3", 1, &[("context_length", U32(context_length))]);
        assert_eq!(config.layers[0].window, expected, "{context_length}");
    }
}

#[test]
fn gemmas_of_27b_scale_scores_by_their_part_of_the_residual_stream() {
    for (name, n_layers, expected) in
        [("gemma2", 2, 2.0f32), ("gemma2", 46, 4.0), ("gemma3", 46, 2.0), ("gemma3", 62, 4.0)]
    {
        // Two heads of 2, each with a part of 4.
        let mut file = tiny(name, n_layers);
        file.set(&format!("{name}.attention.key_length"), U32(2));
        for layer in 0..n_layers {
            let mut set = |part: &str, extents: &[u64]| {
                file.tensor(&format!("blk.{layer}.{part}.weight"), extents);
            };
            set("attn_q", &[8, 4]);
            set("attn_k", &[8, 2]);
            set("attn_v", &[8, 2]);
            set("attn_output", &[4, 8]);
            if name == "gemma3" {
                set("attn_q_norm", &[2]);
                set("attn_k_norm", &[2]);
            }
        }
        let scale = read(&file).unwrap().attention_scale;
        assert_eq!(scale, expected.powf(-0.5), "{name} of {n_layers} layers");
    }
}

#[test]
fn windows_fall_on_the_layers_that_the_file_or_the_name_says() {
    let window = ("attention.sliding_window", U32(4));
    let pattern = ("attention.sliding_window_pattern", Bools(&[false, false, true]));
    for (name, n_layers, settings, expected) in [
        ("gemma", 3, &[][..], "..."),
        ("gemma2", 5, &[window], "w.w.w"),
        ("gemma2", 3, &[window, pattern], "..w"),
        ("gemma3", 8, &[window], "wwwww.ww"),
        ("gemma3", 3, &[window, pattern], "..w"),
        ("gemma3", 3, &[], "..."),
    ] {
        let config = config_of(name, n_layers, settings);
        let windowed = LayerConfig { window: Some(4), rope: Some(usize::from(name == "gemma3")) };
        let everything = LayerConfig { window: None, rope: Some(0) };
        let expected: Vec<LayerConfig> =
            expected.chars().map(|c| if c == 'w' { windowed } else { everything }).collect();
        assert_eq!(config.layers, expected, "{name}");
    }
    assert_eq!(config_of("gemma2", 1, &[]).layers[0].window, Some(4096));
    assert_eq!(config_of("phi3", 1, &[window]).layers[0].window, Some(4));
    let local = ("rope.freq_base_swa", F32(100.0));
    let config = config_of("gemma3", 1, &[window, local]);
    assert_eq!(config.ropes[1], Rope::new(100.0, 4, Pairing::Halves));
}

#[test]
fn settings_that_are_absent_have_the_values_of_llama_cpp() {
    let config = config_of("gemma2", 1, &[]);
    assert_eq!((config.attention_softcap, config.logit_softcap), (Some(50.0), Some(30.0)));
    let config = config_of("gemma3", 1, &[]);
    assert_eq!((config.attention_softcap, config.logit_softcap), (None, None));
    let config = config_of("gemma3", 1, &[("final_logit_softcapping", F32(20.0))]);
    assert_eq!(config.logit_softcap, Some(20.0));
    let zero = [("attention.scale", F32(0.0)), ("residual_scale", F32(0.0))];
    for settings in [&[][..], &zero] {
        let config = config_of("granite", 1, settings);
        let scales = [config.attention_scale, config.residual_scale, config.logit_scale];
        assert_eq!(scales, [0.5, 1.0, 1.0]);
    }
    let config = config_of("smollm3", 9, &[]);
    let without: Vec<usize> = (0..9).filter(|index| config.layers[*index].rope.is_none()).collect();
    assert_eq!(without, [3, 7]);
}
