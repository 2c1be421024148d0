"""Runs Tokenscope and its peers in turns, on the same files, ids and threads.

    python compare.py [--threads 2] [--pairs 5] [--only TEXT ...]

Every number is from a pair of runs that follow each other: ours, theirs, theirs, ours, ours ... The
ratio is the median of the pairs' ratios, so that a machine which slows down for a while slows both.
Above 1 we are quicker. Needs what prepare.py makes and release builds of tokenscope-server and
tokenscope-bench. Writes target/bench/peers.json and peers.md.
"""
import argparse, datetime, glob, importlib.metadata, json, os, statistics, subprocess, sys, time

from prepare import BUILTIN, CHECKPOINT, FOLDER, ROOT
from programs import LlamaCpp, Ours, OurServer, Transformers

CASES = [("decode 32 after 512", lambda program: program.decode(32, 512), 32),
         ("prefill 24", lambda program: program.prefill(24), 24),
         ("prefill 40", lambda program: program.prefill(40), 40),
         ("prefill 512", lambda program: program.prefill(512), 512)]
# Threads of either program may spin for a while after work.
PAUSE = 0.05


def pairs(ours, theirs, n):
    """Results of n pairs of runs after one that warms up, the first of each pair by turns."""
    ours(), theirs()
    results = []
    for index in range(n):
        both = {}
        for run in (ours, theirs) if index % 2 == 0 else (theirs, ours):
            time.sleep(PAUSE)
            both[run] = run()
        results.append((both[ours], both[theirs]))
    return results


def summary(milliseconds):
    """Medians of each, and of the ratios of pairs."""
    ratios = [theirs / ours for ours, theirs in milliseconds]
    return {"ours_ms": statistics.median(ours for ours, _ in milliseconds),
            "theirs_ms": statistics.median(theirs for _, theirs in milliseconds),
            "ratio": statistics.median(ratios), "lowest_ratio": min(ratios), "highest_ratio": max(ratios),
            "pairs": milliseconds}


def compare(path, peer, options, their_path=None):
    """All cases of one file with one peer."""
    ours = Ours(path, options.threads)
    theirs = peer(their_path or path, options.threads)
    facts = ours.ask("model")
    facts["path"] = os.path.basename(facts["path"])
    ids = [index * 7919 % facts["vocabulary"] for index in range(600)]
    ours.use(ids)
    theirs.use(ids)
    result = {"model": facts, "peer": theirs.name, "cases": {}}
    for name, run, tokens in CASES:
        runs = pairs(lambda: run(ours), lambda: run(theirs), options.pairs)
        times = [(a[0], b[0]) for a, b in runs]
        same = all(a[1] == b[1] for a, b in runs)
        case = summary(times) | {"tokens": tokens, "same_next_token": same}
        result["cases"][name] = case
        print(f"{facts['path']:28} {theirs.name:22} {name:20} {tokens / case['ours_ms'] * 1e3:7.0f} "
              f"{tokens / case['theirs_ms'] * 1e3:7.0f} tokens/s  {case['ratio']:.2f} x", flush=True)
    ours.close()
    theirs.close()
    return result


def seed_stack(options):
    """Previews over HTTP beside a server that runs a float32 model for each, as the first version of
    this project did; their side is the model alone, without HTTP."""
    ours = OurServer(BUILTIN, options.threads)
    theirs = Transformers(CHECKPOINT, options.threads, "float32")
    fresh = iter(range(1000, 40000))

    def context():
        return [next(fresh)] + [index * 7919 % 40000 for index in range(24)]

    results = {}
    known = context()
    temperature = iter(range(1, 10000))
    for name, our_run, their_run in [
            ("cold preview, 25 tokens", lambda: ours.preview(context()), lambda: theirs.preview(context())),
            ("knob move, 25 tokens", lambda: ours.preview(known, next(temperature) / 1000),
             lambda: theirs.preview(known))]:
        results[name] = summary(pairs(our_run, their_run, 3 * options.pairs))
        print(f"{name:51} {results[name]['ours_ms']:.1f} {results[name]['theirs_ms']:.1f} ms  "
              f"{results[name]['ratio']:.1f} x", flush=True)
    ours.close()
    theirs.close()
    return results


def tables(results):
    """In the form that `cargo xtask performance` reads."""
    rows = []
    for result in results["comparisons"]:
        row = [result["model"]["path"], result["peer"]]
        for case in result["cases"].values():
            speeds = [case["tokens"] / case[whose] * 1e3 for whose in ("ours_ms", "theirs_ms")]
            row.append("{:.0f} / {:.0f} = **{:.2f}**".format(*speeds, case["ratio"]))
        same = [case["same_next_token"] for case in result["cases"].values()]
        rows.append(row + [f"{sum(same)} of {len(same)}"])
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    found = [{"name": "peers",
              "title": "Tokens per second, ours / theirs, and the median ratio of pairs of runs (above 1 we are "
                       "quicker); last, in how many cases both had the same most probable next token. "
                       + versions,
              "columns": ["model", "peer", *(name for name, _, _ in CASES), "same token"], "rows": rows}]
    if results["seed_stack"]:
        rows = [[name, f"{case['ours_ms']:.2f}", f"{case['theirs_ms']:.2f}", f"**{case['ratio']:.1f}**"]
                for name, case in results["seed_stack"].items()]
        found.append({"name": "seed",
                      "title": "SmolLM2-135M, milliseconds: ours over HTTP, and a float32 model of transformers that "
                               "runs for every preview and keeps nothing, without HTTP",
                      "columns": ["request", "ours ms", "transformers ms", "ratio"], "rows": rows})
    return found


def markdown(table):
    lines = [table["columns"], ["---"] * len(table["columns"]), *table["rows"]]
    return "\n".join([table["title"], "", *("| " + " | ".join(line) + " |" for line in lines), ""])


def machine(options):
    program = Ours(None, options.threads)
    facts = program.ask("machine")
    program.close()
    git = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    return facts | {"date": now.strftime("%Y-%m-%d %H:%M UTC"), "commit": git.stdout.strip()}


def save(results):
    """After every comparison, so that a run that is broken off has not been for nothing."""
    results["tables"] = tables(results)
    out = os.path.join(ROOT, "target", "bench")
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "peers.json"), "w") as file:
        json.dump(results, file, indent=1)
    with open(os.path.join(out, "peers.md"), "w") as file:
        file.write("\n".join(map(markdown, results["tables"])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT",
                        help="parts of what to run: of names of files, of peers, or of 'seed stack'")
    options = parser.parse_args()

    def wanted(path, peer):
        return any(text in f"{os.path.basename(path)} {peer}" for text in options.only)

    versions = {name: importlib.metadata.version(name) for name in ("llama-cpp-python", "transformers", "torch")}
    import llama_cpp

    results = {"machine": machine(options), "versions": versions,
               "llama_cpp_system": llama_cpp.llama_print_system_info().decode(), "comparisons": [], "seed_stack": {}}
    if results["machine"]["busy_percent"] > 5:
        print("others are using this machine: ratios will flatter whoever waits less for other threads")
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.gguf"))):
        if wanted(path, "llama.cpp"):
            results["comparisons"].append(compare(path, LlamaCpp, options))
            save(results)
    for dtype in ("bfloat16", "float32"):
        if wanted(CHECKPOINT, f"transformers {dtype}"):
            peer = lambda path, threads: Transformers(path, threads, dtype)
            results["comparisons"].append(compare(CHECKPOINT, peer, options))
            save(results)
    if wanted(CHECKPOINT, "llama.cpp"):
        twin = os.path.join(FOLDER, "SmolLM2-135M.BF16.gguf")
        results["comparisons"].append(compare(CHECKPOINT, LlamaCpp, options, twin))
        save(results)
    if wanted("seed", "stack"):
        results["seed_stack"] = seed_stack(options)
        save(results)


if __name__ == "__main__":
    sys.exit(main())
