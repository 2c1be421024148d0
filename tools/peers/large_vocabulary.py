"""A model of 151,936 tokens whose two layers take no time, so that what is measured with it is what
the size of the vocabulary costs. Its tokens are those of the built-in model and pairs of them; its
weights are random.

    tools/peers/.venv/bin/python tools/peers/large_vocabulary.py BUILTIN.gguf
    cargo xtask bench --only http,constraints --model target/peers/large-vocabulary.gguf
"""

import pathlib
import random
import sys

import gguf
import numpy

TOKENS = 151_936
WIDTH, HEADS, INNER, LAYERS = 64, 4, 128, 2
OUT = pathlib.Path(__file__).parents[2] / "target/peers/large-vocabulary.gguf"


def texts(reader, key):
    field = reader.fields[key]
    return [bytes(field.parts[index]).decode() for index in field.data]


def main(builtin):
    reader = gguf.GGUFReader(builtin)
    tokens = texts(reader, "tokenizer.ggml.tokens")
    n_special = 17
    words = [token for token in tokens[300:] if 1 < len(token) < 8]
    luck, known = random.Random(1), set(tokens)
    while len(tokens) < TOKENS:
        pair = luck.choice(words) + luck.choice(words)
        if pair not in known:
            known.add(pair)
            tokens.append(pair)

    OUT.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(OUT, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    control, normal = int(gguf.TokenType.CONTROL), int(gguf.TokenType.NORMAL)
    writer.add_token_types([control if id < n_special else normal for id in range(TOKENS)])
    writer.add_token_merges(texts(reader, "tokenizer.ggml.merges"))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    numbers = numpy.random.default_rng(0)

    def matrix(name, *shape):
        writer.add_tensor(name, (numbers.standard_normal(shape) * 0.3).astype(numpy.float32))

    def ones(name):
        writer.add_tensor(name, numpy.ones(WIDTH, numpy.float32))

    matrix("token_embd.weight", TOKENS, WIDTH)
    ones("output_norm.weight")
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        ones(f"{prefix}attn_norm.weight")
        ones(f"{prefix}ffn_norm.weight")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{prefix}{name}.weight", WIDTH, WIDTH)
        matrix(f"{prefix}ffn_gate.weight", INNER, WIDTH)
        matrix(f"{prefix}ffn_up.weight", INNER, WIDTH)
        matrix(f"{prefix}ffn_down.weight", WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(OUT.name)


if __name__ == "__main__":
    main(sys.argv[1])
