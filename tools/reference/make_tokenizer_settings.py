"""Random small vocabularies with random settings around them, and the ids that transformers' AutoTokenizer gives.

    pip install transformers sentencepiece protobuf tokenizers
    python make_tokenizer_settings.py OUT_DIR [COMBINATIONS] [SEED]

OUT_DIR/tokenizer_settings.json.gz holds four vocabularies (byte-level BPE, BPE with byte fallback as SentencePiece has
it, Unigram and WordPiece; without normalizer, pre-tokenizer, post-processor and added tokens), a table of those parts,
a table of texts, and for each combination the files of a folder, as differences from the vocabulary, with one of:

    "ids"      of each of its texts, [with the marks of a plain prompt, without]
    "error"    what transformers said when it refused the folder
    "special"  the variables that its chat templates see

A combination is [model type or null, tokenizer.json's parts, tokenizer_config.json, special_tokens_map.json,
added_tokens.json, texts, result]. Folders of a LlamaTokenizer that is made anew have a tokenizer.model here; it was made
with the same pieces as the vocabulary.
"""
import collections, gzip, io, json, os, random, sys, tempfile, warnings
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"; os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TOKENIZERS_PARALLELISM"] = "false"
warnings.simplefilter("ignore")
import sentencepiece, tokenizers, transformers
from tokenizers import decoders, models, pre_tokenizers, trainers

out_dir = sys.argv[1]
combinations = int(sys.argv[2]) if len(sys.argv) > 2 else 2400
dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20)

WORDS = "the quick brown fox jumps over lazy dog hi hello world it's don't foo bar baz 12 345 naïve été 日本 x".split()
CORPUS = [" ".join(dice.choice(WORDS) for _ in range(12)) for _ in range(300)]
SPECIALS = ["<unk>", "<s>", "</s>", "<pad>"]
# Texts of markers, with what trips readers: spaces, words, upper case, colons, characters of regular expressions.
MARKERS = ["<|im_start|>", "<|im_end|>", "<|end|>", "<eot>", "<tool>", "[SEP]", "foo", "HELLO", "<a b>", "héé", "▁bar", "<x:y>", "**", "<s", "lazy dog", "É"]
TEXTS = [
    "", " ", "Hi", "hello world", " hello", "hello ", "a<|im_start|>b", "a <|im_start|> b <|im_end|>\n c", "<|end|>\n <|end|> x", "x<eot>y <eot> z",
    "<s>hi</s>", "<s> hi </s> <pad><unk>", "foo food foo, FOO", "HELLO hello Hello", "<tool> <tool>x<tool>", "[SEP] [sep]a[SEP]", "it's <a b>  <a b>\n",
    "héé HÉÉ he\u0301e\u0301", "the lazy dog the lazy  dog", "▁bar bar  bar", "<x:y> **bold** **", "É é E\u0301 été", "<s<s><s", "日本 <|im_end|>日本",
    "<|endoftext|> <bos>a<eos> <BOS_TOKEN>", " ▁<PRE> x", "\n\nfoo\n", "naïve  fox\t12345 ", "<UNK> <unk>", "<|END_OF_TURN_TOKEN|>fox",
]


def byte_level():
    t = tokenizers.Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=330, show_progress=False, special_tokens=SPECIALS, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    return t


def sentence_piece(kind):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS + [" ".join(TEXTS)]), model_writer=model, model_type=kind, vocab_size=420, byte_fallback=True,
                                             character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2,
                                             hard_vocab_limit=False, user_defined_symbols=["<tool>"], control_symbols=["<eot>"])
    return model.getvalue()


def word_piece():
    t = tokenizers.Tokenizer(models.WordPiece(unk_token="<unk>"))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.decoder = decoders.WordPiece()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=200, show_progress=False, special_tokens=SPECIALS))
    return t


def described(t):
    d = json.loads(t.to_str())
    for part in ("normalizer", "pre_tokenizer", "post_processor", "added_tokens", "truncation", "padding", "version"): d.pop(part)
    return d


PIECES = sentence_piece("bpe")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "tokenizer.model"); open(path, "wb").write(PIECES)
    llama = json.loads(transformers.LlamaTokenizerFast(path).backend_tokenizer.to_str())
    open(path, "wb").write(sentence_piece("unigram"))
    unigram = json.loads(transformers.convert_slow_tokenizer.convert_slow_tokenizer(transformers.T5Tokenizer(path, extra_ids=0, legacy=False)).to_str())
VOCABULARIES = {
    "byte_level": described(byte_level()),
    "byte_fallback": {"decoder": llama["decoder"], "model": llama["model"]},
    "unigram": {"decoder": unigram["decoder"], "model": unigram["model"]},
    "word_piece": described(word_piece()),
}
LLAMA_ADDED = llama["added_tokens"]
byte_level_step = lambda space: {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, "use_regex": True}
split = {"type": "Split", "pattern": {"Regex": r"\s?\p{L}+|\s?\p{N}{1,3}|\s+|[^\s\p{L}\p{N}]+"}, "behavior": "Isolated", "invert": False}
metaspace = lambda scheme, split: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
sequence = lambda *steps: {"type": "Sequence", "pretokenizers": list(steps)}
normalizers = lambda *steps: {"type": "Sequence", "normalizers": list(steps)}
prepend, replace = {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
NORMALIZERS = {
    "byte_level": [None, None, {"type": "NFC"}, {"type": "Lowercase"}, normalizers({"type": "NFC"}, {"type": "Lowercase"})],
    "byte_fallback": [None, normalizers(prepend, replace), normalizers(prepend, replace), normalizers(replace), replace],
    "unigram": [None, {"type": "Lowercase"}, {"type": "NFKC"}],
    "word_piece": [None, {"type": "Lowercase"}, {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}],
}
PRE_TOKENIZERS = {
    "byte_level": [byte_level_step(False), byte_level_step(True), sequence(split, {**byte_level_step(False), "use_regex": False}), sequence({"type": "Digits", "individual_digits": True}, byte_level_step(False)), sequence(byte_level_step(True))],
    "byte_fallback": [None, None, metaspace("first", False), metaspace("never", False), metaspace("always", True)],
    "unigram": [metaspace("always", True), metaspace("first", True), metaspace("never", False), None],
    "word_piece": [{"type": "Whitespace"}, {"type": "BertPreTokenizer"}, byte_level_step(False)],
}


def template(tokens, before, after):
    piece = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    used = dict.fromkeys(before + after)
    return {"type": "TemplateProcessing", "single": [*map(piece, before), {"Sequence": {"id": "A", "type_id": 0}}, *map(piece, after)],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {t: {"id": t, "ids": [tokens[t]], "tokens": [t]} for t in used}}


def flags(special=None):
    return {"single_word": dice.random() < 0.2, "lstrip": dice.random() < 0.25, "rstrip": dice.random() < 0.25,
            "normalized": dice.random() < 0.4, "special": dice.random() < 0.6 if special is None else special}


def token(text, typed):
    """A named token as settings write it: a text or an object."""
    if dice.random() < 0.6: return text
    value = {"content": text, **flags(True)}
    if dice.random() < 0.15: value.pop("normalized")
    return {"__type": "AddedToken", **value} if typed else value


CLASSES = ["PreTrainedTokenizerFast", "PreTrainedTokenizer", "LlamaTokenizerFast", "LlamaTokenizer", "GemmaTokenizerFast", "GemmaTokenizer", "Qwen2TokenizerFast", "Qwen2Tokenizer", "GPT2TokenizerFast",
           "GPT2Tokenizer", "CodeLlamaTokenizerFast", "CodeLlamaTokenizer", "CohereTokenizerFast", "GPTNeoXTokenizerFast", "BloomTokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast"]
MODEL_TYPES = ["gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "llama", "mistral", "olmo2", "phi3", "qwen2", "qwen3", "smollm3", "starcoder2"]
NAMES = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"]


def folder():
    """A random folder: the model's type, the parts of its tokenizer.json, its settings, and the two older files."""
    name = dice.choice(["byte_level", "byte_level", "byte_fallback", "byte_fallback", "unigram", "word_piece"])
    base = VOCABULARIES[name]
    vocabulary = base["model"]["vocab"]
    known = dict(vocabulary) if isinstance(vocabulary, dict) else {text: i for i, (text, _) in enumerate(vocabulary)}
    specials = [t for t in SPECIALS if t in known]
    added = [{"id": known[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for t in specials if dice.random() < 0.93]
    ids = dict(known)
    for text in dice.sample(MARKERS, dice.choice([0, 0, 1, 2, 3])):
        ids.setdefault(text, len(ids))
        added.append({"id": ids[text], "content": text, **flags()})
    if name == "byte_fallback":
        # As they are in the tokenizer.model.
        added = [t for t in added if t["content"] not in ("<eot>", "<tool>")] + [t for t in LLAMA_ADDED if t["content"] in ("<eot>", "<tool>")]
    added.sort(key=lambda t: t["id"])
    marks = [t["content"] for t in added if t["special"]]
    processor = None
    if marks and dice.random() < 0.5: processor = template(ids, dice.sample(marks, dice.choice([0, 1, 1])), dice.sample(marks, dice.choice([0, 0, 1])))
    elif name == "byte_level" and dice.random() < 0.5: processor = byte_level_step(True)
    parts = {"vocabulary": name, "normalizer": dice.choice(NORMALIZERS[name]), "pre_tokenizer": dice.choice(PRE_TOKENIZERS[name]), "post_processor": processor, "added_tokens": added}
    if dice.random() < 0.05: parts["padding"] = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": dice.choice(["<pad>", "<s>", "<eot>"])}

    settings = {}
    if dice.random() < 0.85: settings["tokenizer_class"] = dice.choice(CLASSES)
    texts = list(ids)[:4] + MARKERS
    for key in NAMES[:4]:
        if dice.random() < 0.75: settings[key] = token({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}[key] if dice.random() < 0.75 else dice.choice(texts), True)
        elif dice.random() < 0.3: settings[key] = None
    for key in NAMES[4:]:
        if dice.random() < 0.06: settings[key] = token(dice.choice(texts), True)
    if dice.random() < 0.3: settings["additional_special_tokens"] = [token(t, True) for t in dice.sample(texts, dice.choice([0, 1, 2, 3]))]
    if dice.random() < 0.1: settings["extra_special_tokens"] = {f"{n}_token": dice.choice(MARKERS) for n in dice.sample(["image", "audio", "boi"], dice.choice([0, 1, 2]))}
    if dice.random() < 0.55:
        listed = {}
        for t in added:
            if dice.random() < 0.85: listed[str(t["id"])] = {**{k: v for k, v in t.items() if k != "id"}, **(flags() if dice.random() < 0.3 else {})}
        next_id = len(ids)
        for text in dice.sample(MARKERS, dice.choice([0, 0, 1, 2])):
            if text not in ids: listed[str(next_id)] = {"content": text, **flags()}; next_id += 1
        settings["added_tokens_decoder"] = listed
    for key, odds in (("add_bos_token", 0.45), ("add_eos_token", 0.35)):
        if dice.random() < odds: settings[key] = dice.choice([True, True, False, None])
    if dice.random() < 0.25: settings["add_prefix_space"] = dice.choice([True, False, False, None])
    if dice.random() < 0.3: settings["legacy"] = dice.choice([True, False, None])
    if dice.random() < 0.04: settings["from_slow"] = True
    if dice.random() < 0.06: settings["split_special_tokens"] = True
    if dice.random() < 0.3: settings["clean_up_tokenization_spaces"] = dice.choice([True, False])
    if dice.random() < 0.05: settings["fill_token"] = dice.choice([None, "<fill>"])

    special_map, older = None, None
    if dice.random() < 0.35:
        special_map = {}
        for key in NAMES[:4]:
            if dice.random() < 0.6: special_map[key] = token(dice.choice(texts[:4] if dice.random() < 0.8 else texts), False)
        if dice.random() < 0.6: special_map["additional_special_tokens"] = [token(t, False) for t in dice.sample(texts, dice.choice([1, 2, 3]))]
    if dice.random() < 0.15:
        older, next_id = {}, len(ids)
        for text in dice.sample(MARKERS, dice.choice([1, 2])):
            if text not in ids: older[text] = next_id; next_id += 1
    model_type = dice.choice(MODEL_TYPES) if dice.random() < 0.7 or "tokenizer_class" not in settings else None
    return model_type, parts, settings, special_map, older


def tokenizer_json(parts):
    base = VOCABULARIES[parts["vocabulary"]]
    return {"version": "1.0", "truncation": None, "padding": parts.get("padding"), "added_tokens": parts["added_tokens"], "normalizer": parts["normalizer"],
            "pre_tokenizer": parts["pre_tokenizer"], "post_processor": parts["post_processor"], **base}


def answer(combination, texts):
    model_type, parts, settings, special_map, older = combination
    with tempfile.TemporaryDirectory() as path:
        def write(name, value): json.dump(value, open(os.path.join(path, name), "w"))
        write("tokenizer.json", tokenizer_json(parts)); write("tokenizer_config.json", settings)
        if model_type: write("config.json", {"model_type": model_type})
        if special_map is not None: write("special_tokens_map.json", special_map)
        if older is not None: write("added_tokens.json", older)
        if parts["vocabulary"] == "byte_fallback": open(os.path.join(path, "tokenizer.model"), "wb").write(PIECES)
        try: t = transformers.AutoTokenizer.from_pretrained(path)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt): raise
            return {"error": f"{type(error).__name__}: {str(error)[:80]}"}
        try: ids = [[t(text)["input_ids"], t(text, add_special_tokens=False)["input_ids"]] for text in texts]
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt): raise
            return {"error": f"encoding, {type(error).__name__}: {str(error)[:80]}"}
        named = [t.convert_tokens_to_ids(v) if (v := getattr(t, n)) is not None else None for n in NAMES[:4]]
        return {"ids": ids, "special": t.special_tokens_map, "named": named}


cases = []
for n in range(combinations):
    combination = folder()
    texts = sorted(dice.sample(range(len(TEXTS)), 7))
    cases.append([*combination, texts, answer(combination, [TEXTS[i] for i in texts])])
errors = [c[-1]["error"] for c in cases if "error" in c[-1]]
print(len(cases), "combinations,", len(errors), "refused by transformers")
for text, n in collections.Counter(errors).most_common(): print(n, text)
fixture = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "vocabularies": VOCABULARIES, "texts": TEXTS, "cases": cases}
text = json.dumps(fixture, ensure_ascii=False, separators=(",", ":")).encode()
with open(os.path.join(out_dir, "tokenizer_settings.json.gz"), "wb") as f: f.write(gzip.compress(text, 9, mtime=0))
