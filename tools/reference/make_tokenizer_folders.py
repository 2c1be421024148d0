"""Folders of one small byte-level tokenizer under settings that are not in its tokenizer.json, and what transformers
makes of them: what users of the HTTP interface should see.

    pip install transformers==4.57.6 tokenizers==0.22.2 jinja2==3.1.6
    python make_tokenizer_folders.py OUT_DIR

OUT_DIR/tokenizer_folders.json holds the tokenizer ("tokenizer"), and for each folder what is changed in it ("changes"), the
files beside it ("files"), the end token ("eos"), and for each text [text, the ids of a plain prompt, the ids without marks,
the ids of a chat whose only message it is]. Chosen by hand, for what goes wrong silently; make_tokenizer_settings.py makes
thousands at random.
"""
import json, os, sys, tempfile
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"; os.environ["HF_HUB_OFFLINE"] = "1"
import transformers
from tokenizers import pre_tokenizers

SPECIALS = ["<unk>", "<s>", "</s>", "<pad>"]


def token(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} | flags


def byte_level(add_prefix_space=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": True}


def begins_with(*marks):
    """A post-processor that puts tokens before a text."""
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": mark, "type_id": 0}} for mark in marks] + [{"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {mark: {"id": mark, "ids": [SPECIALS.index(mark)], "tokens": [mark]} for mark in marks},
    }


TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": id} | token(content) for id, content in enumerate(SPECIALS)],
    "normalizer": None, "pre_tokenizer": byte_level(), "post_processor": None,
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
        "byte_fallback": False, "ignore_merges": False,
        "vocab": {content: id for id, content in enumerate(SPECIALS + sorted(pre_tokenizers.ByteLevel.alphabet()))},
        "merges": [],
    },
}

NAMES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
# Of the tokens that a chat begins with, one is a variable and one is text.
TEMPLATE = "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message['content'] }}{{ eos_token }}{% endfor %}"
TEXTS = [
    "Hi", " Hi", "a<|im_start|>b", "a <|end|>\n b", "x<tool>y <tool> z", "<TOOL><|IM_START|>", "<s>a</s>", "<eot>", "<s> a </s> b", "",
]


def settings(tokenizer_class, names=NAMES, **others):
    return {"tokenizer_config.json": {"tokenizer_class": tokenizer_class, "chat_template": TEMPLATE} | names | others}


END = {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level()]}}
SPACED = {"pre_tokenizer": byte_level(add_prefix_space=True)}
PLAIN = "PreTrainedTokenizerFast"
LLAMA = "LlamaTokenizerFast"

FOLDERS = [
    # What a tokenizer's class makes of add_bos_token and add_eos_token.
    ("a Llama tokenizer is told to begin with BOS, and tokenizer.json does not say so", {}, settings(LLAMA, add_bos_token=True, add_eos_token=False)),
    ("a Llama tokenizer is told to end with EOS, and tokenizer.json only begins", {"post_processor": begins_with("<s>")}, settings(LLAMA, add_bos_token=True, add_eos_token=True)),
    ("a Llama tokenizer is told to end with EOS alone", {}, settings(LLAMA, add_bos_token=False, add_eos_token=True)),
    ("a Llama tokenizer is told nothing", {}, settings(LLAMA)),
    ("a Llama tokenizer is told to begin with nothing, and tokenizer.json says otherwise", {"post_processor": begins_with("<s>")}, settings(LLAMA, add_bos_token=False)),
    ("a Llama tokenizer begins with another token", {"post_processor": begins_with("<s>")}, settings(LLAMA, NAMES | {"bos_token": "<pad>"}, add_bos_token=True)),
    ("a Llama tokenizer by its slow name", {}, settings("LlamaTokenizer", legacy=False)),
    ("a Gemma tokenizer is told nothing", {}, settings("GemmaTokenizerFast")),
    ("a tokenizer of no class is told to begin with BOS", {}, settings(PLAIN, add_bos_token=True)),
    ("a tokenizer of no class, whose tokenizer.json begins twice", {"post_processor": begins_with("<s>", "<pad>")}, settings(PLAIN, add_bos_token=False)),
    # Tokens that tokenizer.json lacks.
    ("added_tokens_decoder has a token of its own", {}, settings(PLAIN, added_tokens_decoder={"260": token("<|im_start|>")})),
    ("added_tokens_decoder has tokens that take the white space around them",
     {}, settings(PLAIN, added_tokens_decoder={"260": token("<|end|>", rstrip=True), "261": token("<tool>", lstrip=True, special=False)})),
    ("added_tokens_decoder changes what a token of tokenizer.json takes", {}, settings(PLAIN, added_tokens_decoder={"2": token("</s>", rstrip=True, lstrip=True)})),
    ("added_tokens_decoder has a token that is a word for itself", {}, settings(PLAIN, added_tokens_decoder={"260": token("<tool>", single_word=True)})),
    ("added_tokens_decoder has a token that is looked for in normalized text",
     {"normalizer": {"type": "Lowercase"}}, settings(PLAIN, added_tokens_decoder={"260": token("<tool>", normalized=True, special=False), "261": token("<|im_start|>")})),
    ("additional_special_tokens has new tokens", {}, settings(PLAIN, additional_special_tokens=["<|im_start|>", "<tool>"])),
    ("additional_special_tokens has one of the vocabulary", {}, settings(PLAIN, additional_special_tokens=["x"])),
    ("special_tokens_map.json has new tokens", {}, settings(PLAIN) | {"special_tokens_map.json": {"additional_special_tokens": [token("<|end|>", rstrip=True), "<tool>"]}}),
    ("added_tokens.json has new tokens", {}, settings(PLAIN) | {"added_tokens.json": {"<tool>": 261, "<|im_start|>": 260}}),
    ("the end token is new", {}, settings(PLAIN, NAMES | {"eos_token": "<eot>"})),
    ("the end token is new and has flags", {}, settings(PLAIN, NAMES | {"eos_token": token("<eot>", lstrip=True) | {"__type": "AddedToken"}})),
    # A space before a text.
    ("add_prefix_space is true, and tokenizer.json says false", {}, settings(PLAIN, add_prefix_space=True)),
    ("add_prefix_space is false, and tokenizer.json says true", SPACED, settings(PLAIN, add_prefix_space=False)),
    ("add_prefix_space is absent, and tokenizer.json says true", SPACED, settings(PLAIN)),
    ("add_prefix_space is true for a GPT-2 tokenizer", {}, settings("GPT2TokenizerFast", add_prefix_space=True)),
    ("add_prefix_space is absent for a GPT-2 tokenizer, and tokenizer.json says true", SPACED, settings("GPT2TokenizerFast")),
    ("add_prefix_space is true, and the pre-tokenizer has several parts", END, settings(PLAIN, add_prefix_space=True)),
    ("add_prefix_space is true for a Bloom tokenizer, and the pre-tokenizer has several parts", END, settings("BloomTokenizerFast", add_prefix_space=True)),
    ("a space is put before a text, and tokens are added", SPACED, settings(PLAIN, add_prefix_space=True, added_tokens_decoder={"260": token("<tool>")})),
]


def answer(changes, files):
    with tempfile.TemporaryDirectory() as path:
        def write(name, content):
            with open(os.path.join(path, name), "w", encoding="utf-8") as out: json.dump(content, out, ensure_ascii=False)
        write("tokenizer.json", TOKENIZER | changes)
        write("config.json", {"model_type": "llama"})
        for name, content in files.items(): write(name, content)
        t = transformers.AutoTokenizer.from_pretrained(path)
        def of(text):
            chat = t.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True)
            return [text, t(text)["input_ids"], t(text, add_special_tokens=False)["input_ids"], chat]
        return {"eos": t.eos_token_id, "texts": [of(text) for text in TEXTS]}


folders = [{"name": name, "changes": changes, "files": files} | answer(changes, files) for name, changes, files in FOLDERS]
with open(os.path.join(sys.argv[1], "tokenizer_folders.json"), "w", encoding="utf-8") as out:
    out.write('{"transformers": ' + json.dumps(transformers.__version__) + ',\n"tokenizer": ' + json.dumps(TOKENIZER, ensure_ascii=False) + ',\n"folders": [\n')
    out.write(",\n".join(json.dumps(folder, ensure_ascii=False) for folder in folders) + "\n]}\n")
