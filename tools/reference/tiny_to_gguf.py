"""Writes a tiny Llama checkpoint as a GGUF file with a byte-level vocabulary.

    pip install gguf safetensors numpy
    python tiny_to_gguf.py CHECKPOINT_DIR OUT.gguf

CHECKPOINT_DIR holds config.json and model.safetensors as make_tiny.py writes them. The weights stay
float32, so the numbers PyTorch computes for the checkpoint hold for the GGUF file. The vocabulary
is made up: 3 control tokens, the 256 bytes, and merges of frequent English pairs, so that text
can be typed at the model; the text means nothing to its random weights.
"""
import json, os, sys
import gguf, numpy as np
from safetensors.numpy import load_file

source, out = sys.argv[1:3]
config = json.load(open(os.path.join(source, "config.json")))
tensors = load_file(os.path.join(source, "model.safetensors"))
heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
head_dim = config["hidden_size"] // heads


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


def interleave(weight, n):
    """Rows of each head from (first half, second half) to neighbouring pairs."""
    return weight.reshape(n, 2, weight.shape[0] // n // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


w = gguf.GGUFWriter(out, "llama")
w.add_name("tiny " + os.path.basename(source.rstrip("/")))
w.add_block_count(config["num_hidden_layers"]); w.add_context_length(config["max_position_embeddings"])
w.add_embedding_length(config["hidden_size"]); w.add_feed_forward_length(config["intermediate_size"])
w.add_head_count(heads); w.add_head_count_kv(kv_heads); w.add_rope_dimension_count(head_dim)
w.add_rope_freq_base(config["rope_theta"]); w.add_layer_norm_rms_eps(config["rms_norm_eps"])
tokens, kinds, merges = vocabulary(config["vocab_size"])
w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("smollm"); w.add_token_list(tokens); w.add_token_types(kinds); w.add_token_merges(merges)
w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_pad_token_id(0); w.add_add_bos_token(False)
w.add_chat_template("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
scaling = config.get("rope_scaling")
if scaling:
    # Llama 3.1's scaling by wavelength, stored as one divisor per pair.
    inverse = config["rope_theta"] ** -(np.arange(0, head_dim, 2, dtype=np.float32) / head_dim)
    low, high = (scaling["original_max_position_embeddings"] / scaling[k] for k in ("low_freq_factor", "high_freq_factor"))
    factors = []
    for wavelength in 2 * np.pi / inverse:
        if wavelength < high: factors.append(1.0)
        elif wavelength > low: factors.append(scaling["factor"])
        else:
            smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    w.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))
names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
for name, value in sorted(tensors.items()):
    value = value.astype(np.float32)
    if name == "model.embed_tokens.weight": w.add_tensor("token_embd.weight", value)
    elif name == "model.norm.weight": w.add_tensor("output_norm.weight", value)
    elif name == "lm_head.weight": w.add_tensor("output.weight", value)
    else:
        _, _, layer, rest = name.split(".", 3); part, kind = rest.rsplit(".", 1)
        if part == "self_attn.q_proj": value = interleave(value, heads)
        if part == "self_attn.k_proj": value = interleave(value, kv_heads)
        w.add_tensor(f"blk.{layer}.{names[part]}.{kind}", np.ascontiguousarray(value))
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
