"""Models with random weights and the shapes of real ones: speed does not depend on the values.

    python random_model.py gguf OUT.gguf [WIDTH LAYERS MLP VOCABULARY]     float16, without a tokenizer
    python random_model.py folder OUT [WIDTH LAYERS MLP VOCABULARY]        bfloat16, words as tokens
"""
import json, os, sys

import numpy as np

# As TinyLlama 1.1B, with a third of its layers.
SHAPE = (2048, 8, 5632, 32000)
HEAD = 64
KEY_HEADS = 4


def write_gguf(path, width=SHAPE[0], layers=SHAPE[1], mlp=SHAPE[2], vocabulary=SHAPE[3]):
    import gguf

    random = np.random.default_rng(0)
    keys = KEY_HEADS * HEAD
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(layers)
    writer.add_context_length(8192)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(mlp)
    writer.add_head_count(width // HEAD)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("none")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)

    def matrix(name, rows, columns):
        numbers = random.standard_normal((rows, columns), dtype=np.float32) * columns**-0.5
        writer.add_tensor(name, numbers.astype(np.float16))

    def ones(name):
        writer.add_tensor(name, np.ones(width, dtype=np.float32))

    matrix("token_embd.weight", vocabulary, width)
    matrix("output.weight", vocabulary, width)
    ones("output_norm.weight")
    for layer in range(layers):
        for name, rows, columns in [("attn_q", width, width), ("attn_k", keys, width), ("attn_v", keys, width),
                                    ("attn_output", width, width), ("ffn_gate", mlp, width),
                                    ("ffn_up", mlp, width), ("ffn_down", width, mlp)]:
            matrix(f"blk.{layer}.{name}.weight", rows, columns)
        ones(f"blk.{layer}.attn_norm.weight")
        ones(f"blk.{layer}.ffn_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_folder(path, width=SHAPE[0], layers=SHAPE[1], mlp=SHAPE[2], vocabulary=SHAPE[3]):
    import torch, transformers

    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=mlp, num_hidden_layers=layers,
        num_attention_heads=width // HEAD, num_key_value_heads=KEY_HEADS, max_position_embeddings=8192)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(path)
    words = {f"t{i}": i for i in range(vocabulary)}
    tokenizer = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "model": {"type": "WordLevel", "vocab": words, "unk_token": "t0"}}
    with open(os.path.join(path, "tokenizer.json"), "w") as file:
        json.dump(tokenizer, file)


if __name__ == "__main__":
    write = {"gguf": write_gguf, "folder": write_folder}[sys.argv[1]]
    write(sys.argv[2], *map(int, sys.argv[3:]))
