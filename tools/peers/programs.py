"""The programs that are compared, all in one form: `prefill(n)` and `decode(n, after)` run the ids given
to `use` and return (milliseconds, most probable next token)."""
import ctypes, http.client, json, os, subprocess, time

from prepare import ROOT

BATCH = 512
CONTEXT = 1024


class Ours:
    """tokenscope-bench, which answers a line with a line."""
    name = "Tokenscope"

    def __init__(self, path, threads):
        program = os.path.join(ROOT, "target", "release", "tokenscope-bench")
        arguments = [program, "--threads", str(threads)] + ([path] if path else [])
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def use(self, ids):
        self.ask("prompt " + " ".join(map(str, ids)))

    def prefill(self, n):
        return self.timed(f"prefill {n}")

    def decode(self, n, after):
        return self.timed(f"decode {n} after {after}")

    def timed(self, command):
        answer = self.ask(command)
        return answer["milliseconds"], answer["top"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class LlamaCpp:
    """llama.cpp through its C interface, so that no Python sampling is in the time."""
    name = "llama.cpp"

    def __init__(self, path, threads):
        import llama_cpp

        self.api = llama_cpp
        # Kept, since llama.cpp goes on calling it.
        LlamaCpp.no_log = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(LlamaCpp.no_log, None)
        llama_cpp.llama_backend_init()
        settings = llama_cpp.llama_model_default_params()
        settings.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), settings)
        context = llama_cpp.llama_context_default_params()
        context.n_ctx, context.n_batch, context.n_ubatch = CONTEXT, BATCH, BATCH
        context.n_threads = context.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, context)
        if not self.context:
            raise RuntimeError(f"llama.cpp cannot run {path}")
        self.memory = llama_cpp.llama_get_memory(self.context)
        vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(vocabulary)
        self.length = 0

    def use(self, ids):
        self.ids = (ctypes.c_int32 * len(ids))(*ids)
        self.cut(0)

    def cut(self, length):
        """Forgets all but the first tokens."""
        self.api.llama_memory_seq_rm(self.memory, 0, length, -1)
        self.length = length

    def run(self, n):
        """The next n ids; logits of the last one only."""
        place = ctypes.cast(ctypes.byref(self.ids, 4 * self.length), ctypes.POINTER(ctypes.c_int32))
        if self.api.llama_decode(self.context, self.api.llama_batch_get_one(place, n)) != 0:
            raise RuntimeError("llama_decode failed")
        self.length += n
        return self.api.llama_get_logits_ith(self.context, -1)

    def top(self, logits):
        return max(range(self.n_vocab), key=logits.__getitem__)

    def prefill(self, n):
        self.cut(0)
        started = time.perf_counter()
        logits = self.run(n)
        return (time.perf_counter() - started) * 1e3, self.top(logits)

    def decode(self, n, after):
        if self.length >= after:
            self.cut(after)
        else:
            self.cut(0)
            self.run(after)
        started = time.perf_counter()
        for _ in range(n):
            logits = self.run(1)
        return (time.perf_counter() - started) * 1e3, self.top(logits)

    def close(self):
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)


class Transformers:
    """PyTorch through transformers, with its default attention."""

    def __init__(self, path, threads, dtype):
        import torch, transformers

        self.name = f"transformers {dtype}"
        self.torch = torch
        torch.set_num_threads(threads)
        transformers.utils.logging.disable_progress_bar()
        load = transformers.AutoModelForCausalLM.from_pretrained
        self.model = load(path, dtype=getattr(torch, dtype)).eval()
        self.cache = None

    def use(self, ids):
        self.ids = self.torch.tensor([ids])
        self.cache = None

    def run(self, first, n, cache):
        with self.torch.inference_mode():
            return self.model(input_ids=self.ids[:, first:first + n], past_key_values=cache, use_cache=True,
                              logits_to_keep=1)

    def prefill(self, n):
        started = time.perf_counter()
        out = self.run(0, n, None)
        return (time.perf_counter() - started) * 1e3, int(out.logits[0, -1].argmax())

    def decode(self, n, after):
        if self.cache is None or self.cache.get_seq_length() < after:
            self.cache = self.run(0, after, None).past_key_values
        self.cache.crop(after)
        started = time.perf_counter()
        for index in range(n):
            out = self.run(after + index, 1, self.cache)
        return (time.perf_counter() - started) * 1e3, int(out.logits[0, -1].argmax())

    def preview(self, ids):
        """What a server that keeps nothing does for every preview and every knob."""
        with self.torch.inference_mode():
            started = time.perf_counter()
            logits = self.model(self.torch.tensor([ids])).logits[0, -1]
            self.torch.softmax(logits, -1)
            return (time.perf_counter() - started) * 1e3

    def close(self):
        self.model = self.cache = None


class OurServer:
    """The program itself, over one connection that is kept open."""

    def __init__(self, path, threads):
        program = os.path.join(ROOT, "target", "release", "tokenscope")
        arguments = [program, "--port", "0", "--offline", "--threads", str(threads), "--model", path]
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            address = [word for word in line.split() if word.startswith("http://")]
            if address:
                break
        self.connection = http.client.HTTPConnection(address[0].removeprefix("http://").rstrip("/"))
        while not self.ask("GET", "/api/model/status")[1]["ready"]:
            time.sleep(0.05)

    def ask(self, method, path, body=None):
        body = body and json.dumps(body)
        started = time.perf_counter()
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        text = response.read()
        elapsed = (time.perf_counter() - started) * 1e3
        if response.status != 200:
            raise RuntimeError(f"{path}: {text}")
        return elapsed, json.loads(text)

    def preview(self, ids, temperature=1.0):
        body = {"prompt": "", "use_chat_template": False, "completion_ids": ids,
                "params": {"temperature": temperature}}
        return self.ask("POST", "/api/preview", body)[0]

    def close(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
