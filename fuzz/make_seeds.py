"""Writes small, sound model files for the fuzzers to start from: fuzz/seeds/gguf and fuzz/seeds/folder.

    pip install gguf torch "transformers>=4.57,<5"
    python make_seeds.py

Shapes are as small as they can be, since a fuzzer's time goes into what it reads.
"""
import json, os, tempfile
import gguf, numpy as np, torch
import transformers as T

here = os.path.dirname(os.path.abspath(__file__))
D, FF, VOCAB, HEADS = 8, 8, 8, 2
common = dict(vocab_size=VOCAB, hidden_size=D, intermediate_size=FF, num_hidden_layers=1, num_attention_heads=HEADS,
              num_key_value_heads=1, max_position_embeddings=16, bos_token_id=1, eos_token_id=2, pad_token_id=0)
# Name here, name in GGUF, configuration, further GGUF settings.
MODELS = [
    ("llama", "llama", T.LlamaConfig(**common, attention_bias=True), {}),
    ("qwen3", "qwen3", T.Qwen3Config(**common, head_dim=4, tie_word_embeddings=True), {"attention.key_length": 4, "attention.value_length": 4}),
    ("gemma2", "gemma2", T.Gemma2Config(**common, head_dim=4, sliding_window=4), {"attention.key_length": 4, "attention.value_length": 4, "attention.sliding_window": 4, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}),
    ("gemma3", "gemma3", T.Gemma3TextConfig(**common, head_dim=4, sliding_window=4), {"attention.key_length": 4, "attention.value_length": 4, "attention.sliding_window": 4}),
    ("phi3", "phi3", T.Phi3Config(**common, rope_scaling=dict(type="longrope", short_factor=[1.0, 2.0], long_factor=[2.0, 4.0]), original_max_position_embeddings=8), {"rope.dimension_count": 4}),
    ("gpt2", "gpt2", T.GPT2Config(vocab_size=VOCAB, n_embd=D, n_layer=1, n_head=HEADS, n_positions=16), {}),
    ("gpt_neox", "gptneox", T.GPTNeoXConfig(**{k: v for k, v in common.items() if k != "num_key_value_heads"}, rotary_pct=0.5), {"use_parallel_residual": True, "rope.dimension_count": 2}),
]


def write_gguf(path, name, config, tensors, more):
    arch = next(a for a, text in gguf.MODEL_ARCH_NAMES.items() if text == name)
    names = gguf.get_tensor_name_map(arch, 1)
    w = gguf.GGUFWriter(path, name)
    w.add_block_count(1); w.add_context_length(16); w.add_embedding_length(D)
    w.add_feed_forward_length(config.intermediate_size if name != "gpt2" else 4 * D)
    w.add_head_count(HEADS)
    if name not in ("gpt2", "gptneox"): w.add_head_count_kv(1)
    if name in ("gpt2", "gptneox"): w.add_layer_norm_eps(1e-5)
    else: w.add_layer_norm_rms_eps(1e-6); w.add_rope_freq_base(10000.0)
    for key, value in more.items():
        add = {bool: w.add_bool, int: w.add_uint32, float: w.add_float32}[type(value)]
        add(f"{name}.{key}", value)
    w.add_tokenizer_model("gpt2"); w.add_token_list(["a", "b", "c", "d", "e", "f", "g", "h"])
    for tensor, value in tensors.items():
        renamed = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
        if renamed is None: continue
        value = value.T if name == "gpt2" and "c_" in tensor and value.ndim == 2 else value
        w.add_tensor(renamed, np.ascontiguousarray(value.astype(np.float32)))
    if name == "phi3":
        for kind in ("long", "short"): w.add_tensor(f"rope_factors_{kind}.weight", np.array([1.0, 2.0], dtype=np.float32))
        w.add_uint32("phi3.rope.scaling.original_context_length", 8); w.add_float32("phi3.rope.scaling.attn_factor", 1.1)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


for kind in ("gguf", "folder"): os.makedirs(os.path.join(here, "seeds", kind), exist_ok=True)
for name, arch, config, more in MODELS:
    torch.manual_seed(0)
    model = T.AutoModelForCausalLM.from_config(config).float()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        settings = json.load(open(os.path.join(folder, "config.json")))
        weights = open(os.path.join(folder, "model.safetensors"), "rb").read()
    with open(os.path.join(here, "seeds", "folder", name), "wb") as out:
        out.write(json.dumps(settings).encode() + b"\0" + weights)
    tensors = {n: p.detach().numpy() for n, p in model.state_dict().items() if not n.endswith(("inv_freq", ".attn.bias"))}
    if config.tie_word_embeddings: tensors = {n: p for n, p in tensors.items() if n != "lm_head.weight"}
    write_gguf(os.path.join(here, "seeds", "gguf", name), arch, config, tensors, more)
