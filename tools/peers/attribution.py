"""Attributions over HTTP beside transformers and captum, in turns, on the same weights and ids.

    python attribution.py [--threads 2] [--pairs 5] [--length 25] [--file PATH]

Their side is float32 weights dequantized from the same file, frozen, with captum's `Saliency` and
`IntegratedGradients` (50 points, Gauss-Legendre, one batch) for the probability of a token at the last
position, and for attention a pass that returns its weights. Gradients are taken twice: as a model is
called by default, with the logits of every position, and with `logits_to_keep=1`. Ours are whole
requests; every one has a target of its own, so that none is answered from memory, and follows a preview
of its context, as on the page. From the first gradient on, previews record what the way back needs, which
costs them a fifteenth of their time, so that ours only goes back. Contexts are new for each request, too,
from their first token on, except where the case says that the same one is asked about again, for another
candidate, or that it is a token longer each time, as after a step; theirs is of the shortest of them then.
Pairs and ratios as in compare.py, and also how far the scores are apart.
Writes target/bench/attribution_peers.json, which `cargo xtask performance` reads.
"""
import argparse, importlib.metadata, json, os, sys, time

from compare import machine, pairs, summary
from prepare import BUILTIN, ROOT
from programs import OurServer

# Methods, how many positions' logits the peer computes (0 means all), and the context: new, longer or again.
CASES = [("attention", 1, "new"), ("saliency", 0, "new"), ("saliency", 1, "new"),
         ("saliency", 0, "longer"), ("saliency", 0, "again"),
         ("integrated_gradients", 0, "new"), ("integrated_gradients", 1, "new")]
POINTS = 50


class Captum:
    """The gradients of captum, aggregated as our scores are."""

    def __init__(self, path, threads):
        import captum.attr, torch, transformers

        self.torch = torch
        torch.set_num_threads(threads)
        transformers.utils.logging.disable_progress_bar()
        load = transformers.AutoModelForCausalLM.from_pretrained
        folder, name = os.path.split(os.path.realpath(path))
        self.model = load(folder, gguf_file=name, dtype=torch.float32).eval().requires_grad_(False)
        # Only this kind of attention gives its weights.
        self.eager = load(folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager").eval()
        self.eager.requires_grad_(False)
        self.saliency = captum.attr.Saliency(self.probability)
        self.integrated = captum.attr.IntegratedGradients(self.probability)

    def probability(self, embeddings, target, kept):
        logits = self.model(inputs_embeds=embeddings, use_cache=False, logits_to_keep=kept).logits[:, -1]
        return self.torch.softmax(logits, -1)[:, target]

    def run(self, method, ids, target, kept):
        """(milliseconds, a score per token)"""
        ids = self.torch.tensor([ids])
        started = time.perf_counter()
        embedded = self.model.get_input_embeddings()(ids)
        if method == "attention":
            with self.torch.inference_mode():
                layers = self.eager(input_ids=ids, output_attentions=True, logits_to_keep=1).attentions
            scores = self.torch.stack([layer[0, :, -1].mean(0) for layer in layers]).mean(0)
        else:
            if method == "saliency":
                attributed = self.saliency.attribute(embedded, additional_forward_args=(target, kept))
            else:
                baseline = self.model.get_input_embeddings()(self.torch.zeros_like(ids))
                is_end = (ids == self.model.config.eos_token_id)[..., None]
                baseline = self.torch.where(is_end, embedded, baseline)
                attributed = self.integrated.attribute(
                    embedded, baseline, additional_forward_args=(target, kept), n_steps=POINTS,
                    method="gausslegendre")
            scores = attributed[0].norm(dim=-1)
        scores = (scores / scores.sum()).tolist()
        return (time.perf_counter() - started) * 1e3, scores


def ours(server, method, ids, target):
    body = {"prompt": "", "use_chat_template": False, "completion_ids": ids, "target_index": len(ids),
            "target_token_id": target, "method": method}
    elapsed, answer = server.ask("POST", "/api/attribution", body)
    return elapsed, answer["attributions"][:-1]


def table(results):
    """In the form that `cargo xtask performance` reads."""
    rows = [[case["method"], case["context"], ["every position", "the last one"][case["logits"]],
             f"{case['ours_ms']:.1f}",
             f"{case['theirs_ms']:.1f}", f"**{case['ratio']:.2f}**", f"{case['largest_difference']:.0e}"]
            for case in results["cases"]]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return {"name": "attribution",
            "title": f"Attributions of {results['length']} tokens of SmolLM2-135M Q4_1, milliseconds and the median "
                     f"ratio of pairs of runs: ours over HTTP after a preview, theirs with captum. {versions}",
            "columns": ["method", "context", "their logits of", "ours ms", "theirs ms", "ratio", "largest difference of a score"],
            "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--length", type=int, default=25, help="tokens of context")
    parser.add_argument("--file", default=BUILTIN, help="a GGUF file of a Llama")
    options = parser.parse_args()
    server, captum = OurServer(options.file, options.threads), Captum(options.file, options.threads)
    versions = {name: importlib.metadata.version(name) for name in ("transformers", "torch", "captum")}
    results = {"machine": machine(options), "length": options.length, "cases": [], "versions": versions}
    ids = [index * 7919 % 40000 + 10 for index in range(options.length)]
    for number, (method, kept, kind) in enumerate(CASES):
        # Targets of its own for each run.
        targets = iter(range(100 + 1000 * number, 40000))
        if kind != "new":
            ours(server, method, ids, next(targets))
        longer = list(ids)

        def our_run():
            if kind == "longer":
                longer.append(next(targets))
            context = [next(targets)] + ids[1:] if kind == "new" else list(longer)
            server.preview(context)
            return ours(server, method, context, next(targets))

        runs = pairs(our_run, lambda: captum.run(method, ids, next(targets), kept), options.pairs)
        found = {"method": method, "logits": kept, "context": kind} | summary([(a[0], b[0]) for a, b in runs])
        target = next(targets)
        a, b = ours(server, method, ids, target)[1], captum.run(method, ids, target, kept)[1]
        found["largest_difference"] = max(abs(x - y) for x, y in zip(a, b, strict=True))
        results["cases"].append(found)
        print(f"{method:22} {['all logits', 'last logits'][kept]:12} {kind:6} {options.length} tokens  "
              f"{found['ours_ms']:8.1f} {found['theirs_ms']:8.1f} ms  {found['ratio']:.2f} x "
              f"({found['lowest_ratio']:.2f} to {found['highest_ratio']:.2f})  "
              f"scores differ by at most {found['largest_difference']:.1e}", flush=True)
    results["tables"] = [table(results)]
    server.close()
    folder = os.path.join(ROOT, "target", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "attribution_peers.json"), "w") as file:
        json.dump(results, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
