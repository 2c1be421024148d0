"""Integrated gradients of SmolLM2 in float64: paths through this model are so bent that PyTorch's own
float32 numbers are off by more than a thousandth (fixtures/smollm2/golden.json, chat_france).

    python make_float64.py FOLDER GOLDEN.json OUT.json

FOLDER holds SmolLM2-135M-Instruct.Q4_1.gguf, which is dequantized; GOLDEN.json gives prompts, targets
and baselines. 50 points of Gauss-Legendre quadrature over the probability of the target; the signed
scores are sums over the embedding, the others lengths divided by their sum.
"""
import json
import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM

folder, golden, out = sys.argv[1:4]
model = AutoModelForCausalLM.from_pretrained(
    folder, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32, attn_implementation="eager"
).eval().to(torch.float64)
for parameter in model.parameters():
    parameter.requires_grad_(False)
nodes, weights = np.polynomial.legendre.leggauss(50)
embedding = model.get_input_embeddings()

results = []
for case in json.load(open(golden)):
    ids = torch.tensor([case["ids"]])
    end = embedding(ids)
    start = embedding(torch.full_like(ids, case["baseline_id"]))
    keeps = torch.tensor([id == case["eos_id"] for id in case["ids"]])
    start[0, keeps] = end[0, keeps]
    mean = torch.zeros_like(end)
    for node, weight in zip(nodes, weights):
        point = (start + (node + 1) / 2 * (end - start)).requires_grad_(True)
        logits = model(inputs_embeds=point, use_cache=False).logits[0, -1]
        probability = torch.softmax(logits, -1)[case["target_id"]]
        mean += weight / 2 * torch.autograd.grad(probability, point)[0]
    products = ((end - start) * mean)[0]
    lengths = products.norm(dim=-1)
    results.append(dict(
        name=case["name"],
        integrated_gradients=(lengths / lengths.sum()).tolist(),
        integrated_gradients_signed_sum=products.sum(-1).tolist(),
    ))
json.dump(results, open(out, "w"))
