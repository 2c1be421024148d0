"""Writes GGUF twins of the tiny checkpoints, and what others compute for them.

    pip install torch "transformers>=4.57,<5" safetensors "gguf==0.19.0" llama-cpp-python
    python tiny_to_gguf.py FIXTURES_DIR [NAME ...]

FIXTURES_DIR/tiny holds the checkpoints that make_tiny.py writes. Beside each go
    model.gguf        its weights as they are, in float32
    model-q8_0.gguf   matrices whose rows are a multiple of 32 as Q8_0, the rest in float32
    golden_gguf.json  logits at the last of the golden's input ids, computed by transformers from the
                      checkpoint and from the Q8_0 file's weights, and by llama.cpp from the float32
                      file; and ten greedy tokens
GGUF leaves to the architecture's name what some of these checkpoints set freely, and one would be too
large a file. Those in REMADE have a twin made anew, in FIXTURES_DIR/tiny_gguf. Others have none.

Tensor names and key names are the gguf package's. The vocabulary is made up: 3 control tokens, the
256 bytes, and merges of frequent English pairs, so that text can be typed at the model; the text
means nothing to its random weights.
"""
import json, math, os, sys
import gguf, numpy as np, torch
import transformers as T

SHAPE = dict(vocab_size=320, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             intermediate_size=112, max_position_embeddings=256, bos_token_id=1, eos_token_id=2, pad_token_id=0)
REMADE = {
    # llama.cpp knows no window for what it calls llama.
    "mistral": lambda: T.MistralConfig(**SHAPE, sliding_window=None, tie_word_embeddings=False),
    # Scores are scaled by head_dim, not by a number of their own.
    "gemma2": lambda: T.Gemma2Config(**SHAPE, head_dim=32, query_pre_attn_scalar=32, sliding_window=8,
                                     attn_logit_softcapping=2.0, final_logit_softcapping=3.0),
    # The same, and every sixth layer sees everything. Only such layers have scaled positions.
    "gemma3_text": lambda: T.Gemma3TextConfig(**SHAPE | dict(num_hidden_layers=7, num_attention_heads=2, num_key_value_heads=1, intermediate_size=40),
                                              head_dim=32, query_pre_attn_scalar=32, sliding_window=8, rope_theta=1e6, rope_local_base_freq=1e4,
                                              rope_scaling=dict(rope_type="linear", factor=8.0)),
    # Every fourth layer has no rotary embedding.
    "smollm3": lambda: T.SmolLM3Config(**SHAPE | dict(num_hidden_layers=5, intermediate_size=80), tie_word_embeddings=True),
    # Three layers of this shape are more than 700 KB.
    "gpt2": lambda: T.GPT2Config(vocab_size=320, n_embd=64, n_layer=2, n_head=4, n_positions=256, bos_token_id=1, eos_token_id=2),
}
AS_THEY_ARE = ["gemma", "gpt_neox", "gpt_neox_sequential", "granite", "llama", "llama3_scaled_rope", "llama_bias", "llama_linear",
               "olmo2", "phi3", "phi3_longrope", "phi3_partial_longrope", "phi3_window", "qwen2", "qwen2_yarn", "qwen3", "starcoder2"]
# It leaves out the window of Phi 3, and does not load a GPT-NeoX without biases.
BEYOND_LLAMA_CPP = ["gpt_neox_sequential", "phi3_partial_longrope", "phi3_window"]
ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3", "gpt_neox": "gptneox"}  # the others keep their name


def make_anew(config, seed):
    """Random weights as make_tiny.py draws them, and input ids."""
    torch.manual_seed(seed)
    model = T.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() >= 2: p.normal_(0, 0.35 / math.sqrt(p.shape[-1]) * 2.2)
            elif "norm" in name.lower() or "ln_" in name.lower(): p.add_(torch.randn_like(p) * 0.1)
            else: p.normal_(0, 0.1)
        model.get_input_embeddings().weight.normal_(0, 0.12 if config.tie_word_embeddings else 0.6)
    return model, torch.randint(3, config.vocab_size, (1, 21), generator=torch.Generator().manual_seed(seed)).tolist()[0]


def setting(config, *names):
    return next((getattr(config, name) for name in names if getattr(config, name, None) is not None), None)


def head_dim(config):
    return setting(config, "head_dim") or setting(config, "hidden_size") // setting(config, "num_attention_heads")


# From a checkpoint's matrix or vector to the file's, and back.

def unchanged(x): return x

def neighbours(n):
    """Rows of each head from (first half, second half) to neighbouring pairs."""
    return lambda x: x.reshape(n, 2, len(x) // n // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)

def halves(n):
    return lambda x: x.reshape(n, len(x) // n // 2, 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)

def by_part(n):
    """Rows from [head][q, k, v] to [q, k, v][head]."""
    return lambda x: x.reshape(n, 3, len(x) // n // 3, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)

def by_head(n):
    return lambda x: x.reshape(3, n, len(x) // n // 3, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)

def transforms(family, name, config):
    part = name.rsplit(".", 2)[-2]
    if family in ("llama", "mistral", "granite", "smollm3") and part in ("q_proj", "k_proj"):
        n = config.num_attention_heads if part == "q_proj" else config.num_key_value_heads
        return neighbours(n), halves(n)
    if family.startswith("gemma") and part.endswith("norm"):
        return (lambda x: x + np.float32(1)), (lambda x: x - np.float32(1))
    if family == "gpt2" and part.startswith("c_") and name.endswith(".weight"):
        return np.transpose, np.transpose
    if family == "gpt_neox" and part == "query_key_value":
        return by_part(config.num_attention_heads), by_head(config.num_attention_heads)
    return unchanged, unchanged


def tensors_of(model):
    """(name in the checkpoint, name in the file, there, back) of each stored tensor."""
    config, family = model.config, model.config.model_type
    architecture = ARCHITECTURES.get(family, family)
    kind = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(kind, setting(config, "num_hidden_layers"))
    tied = set(model._tied_weights_keys or ()) if config.tie_word_embeddings else set()
    for name in sorted(model.state_dict()):
        if name in tied or name.endswith((".attn.bias", ".masked_bias", ".inv_freq")): continue
        yield name, names.get_name(name, try_suffixes=(".weight", ".bias")), *transforms(family, name, config)


def bytes_to_unicode():
    printable = list(range(33, 127)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    table, extra = {b: chr(b) for b in printable}, 0
    for b in range(256):
        if b not in table:
            table[b], extra = chr(0x100 + extra), extra + 1
    return [table[b] for b in range(256)]


def vocabulary(size):
    tokens = ["<pad>", "<|im_start|>", "<|im_end|>"] + bytes_to_unicode()
    merges = []
    pairs = "Ġ t|Ġ a|h e|Ġt he|i n|r e|o n|Ġ s|e r|Ġ w|a t|n d|Ġ o|o u|e n|Ġ c|i s|Ġ b|Ġ f|i t|o r|e s|Ġa nd|Ġ p|in g|Ġ m|e d|Ġ h|a l|Ġ d|a n|Ġo f|a r|Ġt o|Ġ in|o m|Ġ l|l e|Ġ n|i c|Ġ is|a s|Ġ T|Ġ e|u s|s t|l l|Ġb e|u r|Ġ g|o w|Ġ y|e l|c t|Ġ I|i d|o t|s e|Ġ 1|v e|i m".split("|")
    for pair in pairs:
        joined = pair.replace(" ", "")
        parts = pair.split(" ")
        if len(tokens) < size and joined not in tokens and all(p in tokens for p in parts):
            tokens.append(joined); merges.append(pair)
    while len(tokens) < size:
        tokens.append(f"[unused{len(tokens)}]")
    kinds = [3] * 3 + [5 if t.startswith("[unused") else 1 for t in tokens[3:]]
    return tokens, kinds, merges


def add_settings(w, name, config):
    family, heads = config.model_type, setting(config, "num_attention_heads")
    w.add_name("tiny " + name.replace("phi3", "phi 3"))  # llama.cpp expects tokens of that model where a name says phi3
    w.add_block_count(setting(config, "num_hidden_layers")); w.add_context_length(setting(config, "max_position_embeddings"))
    w.add_embedding_length(setting(config, "hidden_size")); w.add_feed_forward_length(setting(config, "intermediate_size", "n_inner") or 4 * config.n_embd)
    w.add_head_count(heads); w.add_head_count_kv(setting(config, "num_key_value_heads") or heads)
    if (epsilon := setting(config, "rms_norm_eps")): w.add_layer_norm_rms_eps(epsilon)
    if (epsilon := setting(config, "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon")): w.add_layer_norm_eps(epsilon)
    if head_dim(config) * heads != setting(config, "hidden_size"):
        w.add_key_length(head_dim(config)); w.add_value_length(head_dim(config))
    if family != "gpt2":
        w.add_rope_dimension_count(int(head_dim(config) * (setting(config, "rotary_pct", "partial_rotary_factor") or 1.0))); w.add_rope_freq_base(float(config.rope_theta))
    if family == "llama": w.add_vocab_size(config.vocab_size)
    if family == "phi3": w.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings); w.add_sliding_window(config.sliding_window or 0)
    if family == "gpt_neox": w.add_parallel_residual(config.use_parallel_residual)
    if family in ("gemma2", "gemma3_text"): w.add_sliding_window(config.sliding_window)
    if family == "gemma2": w.add_attn_logit_softcapping(config.attn_logit_softcapping); w.add_final_logit_softcapping(config.final_logit_softcapping)
    if family == "granite":
        w.add_embedding_scale(config.embedding_multiplier); w.add_attention_scale(config.attention_multiplier)
        w.add_residual_scale(config.residual_multiplier); w.add_logit_scale(config.logits_scaling)
    add_rope_scaling(w, config, setting(config, "rope_scaling") or {})
    tokens, kinds, merges = vocabulary(config.vocab_size)
    w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("smollm"); w.add_token_list(tokens); w.add_token_types(kinds); w.add_token_merges(merges)
    w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_pad_token_id(0); w.add_add_bos_token(False)
    w.add_chat_template("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")


def add_rope_scaling(w, config, scaling):
    kind = scaling.get("rope_type") or scaling.get("type")
    if kind in ("linear", "yarn"):
        w.add_rope_scaling_type(gguf.RopeScalingType(kind)); w.add_rope_scaling_factor(scaling["factor"])
    if kind == "yarn": w.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
    if kind == "llama3": w.add_tensor("rope_freqs.weight", llama3_divisors(config, scaling))
    if kind == "longrope":
        trained = config.original_max_position_embeddings
        w.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(config.max_position_embeddings / trained) / math.log(trained)))
        for length in ("long", "short"):
            w.add_tensor(f"rope_factors_{length}.weight", np.array(scaling[length + "_factor"], dtype=np.float32))


def llama3_divisors(config, scaling):
    """Llama 3.1's scaling by wavelength, as one divisor per pair."""
    trained, low, high = (scaling[k] for k in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    divisors = []
    for i in range(0, head_dim(config), 2):
        wavelength = 2 * math.pi * config.rope_theta ** (i / head_dim(config))
        if wavelength < trained / high: divisors.append(1.0)
        elif wavelength > trained / low: divisors.append(scaling["factor"])
        else:
            smooth = (trained / wavelength - low) / (high - low)
            divisors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(divisors, dtype=np.float32)


def write(path, name, model, quantized):
    family = model.config.model_type
    w = gguf.GGUFWriter(path, ARCHITECTURES.get(family, family))
    add_settings(w, name, model.config)
    for stored, called, there, _ in tensors_of(model):
        value = np.ascontiguousarray(there(model.state_dict()[stored].numpy()))
        if quantized and value.ndim == 2 and value.shape[1] % 32 == 0 and called != "position_embd.weight":
            kind = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(called, gguf.quants.quantize(value, kind), raw_dtype=kind)
        else: w.add_tensor(called, value)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def load_weights(model, path):
    """Puts a file's weights, expanded to float32, into a transformers model."""
    found = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(path).tensors}
    with torch.no_grad():
        for stored, called, _, back in tensors_of(model):
            model.state_dict()[stored].copy_(torch.from_numpy(np.array(back(found[called]))))


def last_logits(model, ids):
    with torch.no_grad(): return model(torch.tensor([ids])).logits[0, -1].tolist()


def greedy(model, ids):
    ids = torch.tensor([ids])
    out = model.generate(ids, max_new_tokens=10, do_sample=False, eos_token_id=None, pad_token_id=0, attention_mask=torch.ones_like(ids))
    return out[0, ids.shape[1]:].tolist()


def llama_cpp_logits(path, ids):
    """By llama.cpp, with keys and values in float32."""
    import llama_cpp
    llm = llama_cpp.Llama(path, n_ctx=64, n_threads=1, logits_all=True, flash_attn=False, type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32, verbose=False)
    llm.eval(ids)
    return dict(version=llama_cpp.__version__, logits_last=llm.scores[len(ids) - 1].tolist())


root = sys.argv[1]
for name in sys.argv[2:] or sorted([*AS_THEY_ARE, *REMADE]):
    folder = os.path.join(root, "tiny", name)
    if name in REMADE:
        model, ids = make_anew(REMADE[name](), 500 + list(REMADE).index(name))
        folder = os.path.join(root, "tiny_gguf", name); os.makedirs(folder, exist_ok=True)
        model.config.save_pretrained(folder)
    else:
        model = T.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        ids = json.load(open(os.path.join(folder, "golden.json")))["input_ids"]
    f32, q8_0 = (os.path.join(folder, file) for file in ("model.gguf", "model-q8_0.gguf"))
    write(f32, name, model, False); write(q8_0, name, model, True)
    golden = dict(input_ids=ids, logits_last=last_logits(model, ids), greedy_10=greedy(model, ids))
    if name not in BEYOND_LLAMA_CPP: golden["llama_cpp"] = llama_cpp_logits(f32, ids)
    load_weights(model, q8_0)
    golden["logits_last_q8_0"] = last_logits(model, ids)
    json.dump(golden, open(os.path.join(folder, "golden_gguf.json"), "w"))
    def difference(found):
        exact = np.array(golden["logits_last"])
        return f"{abs(exact - found).max() / abs(exact).max():.1e}"
    by_llama_cpp = difference(golden["llama_cpp"]["logits_last"]) if "llama_cpp" in golden else "-"
    print(f"{name:22} Q8_0 {difference(golden['logits_last_q8_0'])}  llama.cpp {by_llama_cpp}  of the largest logit;  {os.path.getsize(f32)} and {os.path.getsize(q8_0)} bytes", flush=True)
