"""Tokenizes awkward texts with SentencePiece and llama.cpp, for small vocabularies made here.

    pip install sentencepiece tokenizers gguf llama-cpp-python transformers
    python make_tokenizations.py REPOSITORY OUT_DIR

Three files are written:

sentence_piece.json holds two SentencePiece BPE vocabularies trained on this repository's licence
texts, one with byte pieces and one without, and what sentencepiece itself and llama.cpp (on a GGUF
file with that vocabulary alone) make of each text. sentencepiece does not look for control tokens
in text, so texts that contain a marker have llama.cpp's answer only. llama.cpp cannot tokenize what
a vocabulary without byte pieces does not know, so there sentencepiece is the only witness.

byte_level.json holds one byte-level vocabulary and, for each name of a pre-tokenizer, what
llama.cpp makes of each text. The merges are learnt on the texts themselves without any splitting,
so that nothing but the pre-tokenizer keeps a text from becoming one long token.

chat_templates.json holds templates that write what real models' templates write, in their manner, and
what transformers renders of them.
"""
import io, json, os, sys, tempfile
import gguf, llama_cpp, sentencepiece, tokenizers, transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

repository, out_dir = sys.argv[1:3]

TEXTS = [
    "", " ", "  ", "     ", "\n", "\n\n\n", "\t", "\r\n", " \n ", "a", " a", "a ", "  a  ",
    "The quick brown fox jumps over the lazy dog.",
    "Copyright owner, the Licensor; Derivative Works (of the Work).",
    " leading", "trailing ", "two  spaces   three    four", "tab\tand\ttabs\t\t", "line\nline\n\nline\n",
    "\r\nwindows\r\n\r\nlines\r\n", "x = 1\n    y = 2\n\tz = 3  # comment\n", "   \n\n  indented after blank",
    "it's IT'S we'll WE'LL I'd I'D they've 'tis don't 'S", "3.14159 1000000 12 123 1234 12345 ٣٤٥ ²³ Ⅷ ½",
    "snake_case camelCase PascalCase SCREAMING HTTPServer iPhone aB ÀB àÉ ǅ ʰ",
    "!!! ??? ... --> <= >= == != && || {}[]() /* */ // @#$%^&*~`|+",
    "http://example.org/a/b?c=d&e=f#g\n/usr/bin/\n\\path\\", "naïve café résumé Ångström Übermut",
    "e\u0301 n\u0303 o\u0308\u0304 re\u0301sume\u0301 A\u030A", "नमस्ते दुनिया", "สวัสดีชาวโลก", "שלום עולם مرحبا",
    "日本語のテキスト。中文，字符！", "한국어 텍스트", "Привет, мир! ΑΒΓ αβγ",
    "🎉 👩‍👩‍👧‍👦 🇫🇷 👍🏽 ☃️", "zero\u200bwidth\u200djoin\ufeffbom", "nbsp\u00a0and\u3000wide\u2003em\u2028line\u0085nel",
    "\u0000\u0001\u001b[0m\u007f", "\u2581under\u2581score \u2581", "<0x41> <0x0A>", "<s> not </s>",
    "ends with marker<|end|>", "<|end|> starts with it", "<|user|>\nHi<|end|>\n<|assistant|>\n", "<|end|><|end|>  <|end|>",
    "<tool>call</tool> <tool>", "<tool><|end|>x", "<|en d|> <|end", "<|end|>\n\nafter", "unreachable unreachables un reach",
    "a" * 100, "ab" * 60, " " * 40 + "x", "-" * 70, "\n" * 20, "the " * 30, "=====\n=====\n", "🎉" * 12, "é" * 25,
]
CONTROLS = ["<|end|>", "<|user|>", "<|assistant|>", "<|endoftext|>"]
USER_DEFINED = ["<tool>", "</tool>"]
NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6


def llama_cpp_tokenizer(fill):
    """A llama.cpp tokenizer for a file that holds what `fill` writes and no tensor."""
    path = os.path.join(tempfile.mkdtemp(), "vocabulary.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1); writer.add_context_length(64); writer.add_embedding_length(32); writer.add_feed_forward_length(32)
    writer.add_head_count(1); writer.add_head_count_kv(1); writer.add_layer_norm_rms_eps(1e-5)
    fill(writer)
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
    model = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    # Text that llama.cpp refuses ends the process, so nothing is caught here.
    return lambda text, add_special: model.tokenize(text.encode(), add_bos=add_special, special=True)


def has_marker(text):
    return any(marker in text for marker in CONTROLS + USER_DEFINED + ["<s>", "</s>", "<unk>"])


def sentence_piece_vocabulary(byte_fallback):
    licences = [open(os.path.join(repository, name)).read() for name in ("LICENSE-APACHE", "LICENSE-MIT")]
    lines = [line for text in licences for line in text.splitlines() if line.strip()]
    # Lines of many spaces and of digits, as code has them, so that such pieces exist.
    lines += ["    indented    text        wide", "éàü 日本 αβγ 中文"] * 40
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe", vocab_size=800 if byte_fallback else 400,
        byte_fallback=byte_fallback, character_coverage=0.9995, normalization_rule_name="identity",
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, split_digits=True,
        control_symbols=CONTROLS, user_defined_symbols=USER_DEFINED, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def sentence_piece_case(byte_fallback):
    pieces = sentence_piece_vocabulary(byte_fallback)
    ids = range(pieces.get_piece_size())
    tokens = [pieces.id_to_piece(i) for i in ids]
    scores = [pieces.get_score(i) for i in ids]
    kinds = [UNKNOWN if pieces.is_unknown(i) else CONTROL if pieces.is_control(i) else BYTE if pieces.is_byte(i)
             else USER if tokens[i] in USER_DEFINED else NORMAL for i in ids]

    def fill(prefix, name="tiny"):
        def write(w):
            w.add_name(name)
            w.add_tokenizer_model("llama"); w.add_tokenizer_pre("default")
            w.add_token_list(tokens); w.add_token_scores(scores); w.add_token_types(kinds)
            w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_unk_token_id(0)
            if not prefix: w.add_add_space_prefix(False)
        return write
    cases = [{"text": text, "sentencepiece": None if has_marker(text) else pieces.encode(text)} for text in TEXTS]
    if byte_fallback:
        with_prefix, without, phi3 = (llama_cpp_tokenizer(f) for f in (fill(True), fill(False), fill(True, "tiny Phi-3")))
        for case in cases:
            case["llama_cpp"] = with_prefix(case["text"], False)
            case["llama_cpp_prompt"] = with_prefix(case["text"], True)
            case["llama_cpp_no_space_prefix"] = without(case["text"], False)
            case["llama_cpp_phi3"] = phi3(case["text"], False)
            if case["sentencepiece"] not in (None, case["llama_cpp"]): print("differ:", case)
    return {"tokens": tokens, "scores": scores, "kinds": kinds, "cases": cases}


NAMES = ["default", "gpt-2", "smollm", "starcoder", "refact", "olmo", "mpt", "llama-bpe", "llama3", "llama-v3", "smaug-bpe", "dbrx", "pixtral", "qwen2", "deepseek-r1-qwen", "tekken", "gpt-4o"]


def byte_level_cases():
    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=1500, show_progress=False, initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    trained.train_from_iterator([text for text in TEXTS if not has_marker(text)] * 3, trainer)
    model = json.loads(trained.to_str())["model"]
    tokens = [token for token, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]]
    # A word that no merge leads to: it is a token only where whole pieces are looked up first.
    whole = [token for token in ("unreachables", "Ġunreachables", "Ġreach") if token not in tokens]
    kinds = [NORMAL] * (len(tokens) + len(whole)) + [CONTROL] * len(CONTROLS) + [USER] * len(USER_DEFINED)
    tokens = tokens + whole + CONTROLS + USER_DEFINED
    kinds_of_names = {}
    for name in NAMES:
        def fill(w):
            w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre(name)
            w.add_token_list(tokens); w.add_token_types(kinds); w.add_token_merges(merges)
            w.add_bos_token_id(tokens.index("<|user|>")); w.add_eos_token_id(tokens.index("<|end|>"))
        tokenize = llama_cpp_tokenizer(fill)
        adds_bos = tokenize("a", True) != tokenize("a", False)
        kinds_of_names[name] = {"adds_bos": adds_bos, "ids": [tokenize(text, False) for text in TEXTS]}
    return {"tokens": tokens, "kinds": kinds, "merges": merges, "texts": TEXTS, "pre_tokenizers": kinds_of_names}


TEMPLATES = {
    "chatml, as Qwen 2.5 and SmolLM2": """{%- if tools %}
    {{- 'tools: ' }}
    {%- for tool in tools %}
        {{- "\\n" }}{{- tool | tojson }}
    {%- endfor %}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nDefault words.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}{{- '<tool>' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "dates and slices, as Llama 3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") | length %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today: " + date_string|string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "one line, as Gemma's without its refusal": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}",
    "content in parts, as Gemma 3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate") }}
    {%- endif -%}
    {{ '<start_of_turn>' + message['role'] + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
""",
    "namespaces and loop controls, as Mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace(index=0, seen=[]) %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
        {%- set ns.seen = ns.seen + [message.role] %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "tool" %}{%- continue %}{%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
        {%- break %}
    {%- endif %}
{%- endfor %}
{{- user_messages | length }}{{ ns.index }}{{ ns.seen | join("+") }}
""",
    "block tags on lines of their own, as Phi-3": """{% for message in messages %}
    {% if message['role'] == 'system' %}
{{'<|system|>\n' + message['content'] + '<|end|>\n'}}
    {% elif message['role'] == 'user' %}
{{'<|user|>\n' + message['content'] + '<|end|>\n'}}
    {% endif %}
  {% endfor %}
{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "methods": "{{ messages[-1].content.strip().upper() }}{{ messages[-1]['content'].split('</think>')[-1].lstrip('\\n') }}{{ ' a '.rstrip() }}|{{ 'a-b'.replace('-', '+') }}{{ 'Abc'.startswith('A') }}{{ 'abc'.endswith('x') }}{{ messages[0].get('name', 'nobody') }}{{ messages[0].get('name') }}{% for key, value in messages[0].items() %}{{ key }}={{ value }};{% endfor %}{{ ', '.join(['x', 'y']) }}",
    "filters": "{{ messages | map(attribute='role') | join(', ') }}{{ messages[0] | tojson }}{{ {'b': [1, 2.5, none, true], 'a': 'é\\n'} | tojson }}{{ {'b': [1], 'a': {}} | tojson(indent=2) }}{{ messages[0].content | default('d') }}{{ missing | default('d') }}{{ 'x\\ny' | indent(4) }}{{ [3, 1, 2] | sort | first }}{{ messages | rejectattr('role', 'equalto', 'system') | map(attribute='content') | list | last }}",
    "operators": "{% set n = 2 %}{{ n + 1 }}{{ n * 3 }}{{ 'ab' * n }}{{ n - 5 }}{{ 7 // n }}{{ 7 % 3 }}{{ n ** 3 }}{{ 'a' ~ n ~ none }}{{ [1] + [2] }}{{ n == 2 and not n != 2 }}{{ 1 < n < 3 }}{{ 'a' in 'cat' }}{{ n not in [1, 3] }}{{ 'yes' if n > 1 else 'no' }}{{ messages[::-1][0].role }}{{ 'abcdef'[1:-1:2] }}{{ (n, 3)[1] }}{{ [n, missing] | length }}",
    "none instead of tools and documents": "{{ messages[0].content }}{% if tools is not none and tools | length > 0 %}tools{% endif %}{{ tools is defined }}{{ documents is none }}{{ builtin_tools is defined }}",
    "texts times numbers": "{{ messages[0].content }}{{ '-' * 20 }}{{ 3 * 'ab' ~ '|' }}{% set line = 'é' * 2 + '\\n' %}{{ line * 2 }}",
    "indents": "{{ messages[0].content | indent(width=3) }}{{ 'x\\n\\ny' | indent }}|{{ 'x\\n\\ny' | indent(2, first=true) }}|{{ 'x\\n\\ny' | indent(width=2, blank=true) }}|{{ '\\nx\\n' | indent(1, true) }}|{{ '' | indent }}|",
    "JSON": "{{ messages | tojson(indent=2) }}{% set v = {'b': [1, 'é\\n', {}], 'a': {'d': [], 'c': none}} %}{{ v | tojson(separators=(',', ':')) }}{{ v | tojson(sort_keys=true) }}{{ v | tojson(indent=4, sort_keys=true, separators=(', ', ' = ')) }}{{ v | tojson(indent=0) }}{{ v | tojson(ensure_ascii=false, indent=none) }}{{ [] | tojson(indent=1) }}{{ 1 | tojson(indent=1) }}",
    "macros, calls and set blocks": "{% macro turn(m, end='<|end|>') -%}<|{{ m.role }}|>{{ m.content }}{{ end }}{{ caller() if caller }}{%- endmacro %}{% for m in messages %}{{ turn(m) }}{{ turn(m, end='!') }}{% endfor %}{% set all %}[{{ messages | length }}]{% endset %}{{ all }}{% call turn(messages[0]) %}called{% endcall %}{% with x = 1 %}{{ x }}{% endwith %}{# a comment #}{% raw %}{{ raw }}{% endraw %}",
    "recursion into nested values": "{% macro show(v) %}{% if v is mapping %}({% for k in v | sort %}{{ k }}:{{ show(v[k]) }}{% if not loop.last %},{% endif %}{% endfor %}){% elif v is string %}{{ v }}{% else %}[{% for i in v %}{{ show(i) }}{% endfor %}]{% endif %}{% endmacro %}{{ show(messages) }}{{ show({'a': ['x', {'b': 'y'}], 'c': {}}) }}",
    "training marks": "{%- for m in messages %}\n  {%- generation -%}\n {{ m.content }}\n{% endgeneration %}\n{%- endfor %}\nend\n",
    "whitespace control": "a  {%- if true -%}  b  {%- endif %}  c\n  {% if true %}\n  d\n  {%+ if true %}e{% endif -%}\n\n  f\n{% endif %}\n{{ 'g' }}\n\n",
}


def template_cases():
    cases = []
    for name, source in TEMPLATES.items():
        for system, user in (("Be kind.", "Hi"), ("", "  Two\n\nlines, é 🎉 \"quoted\" </think>\n\nx ")):
            messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": user}]
            text = _compile_jinja_template(source).render(messages=messages, tools=None, documents=None, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
            cases.append({"name": name, "template": source, "system": system, "user": user, "text": text})
    return {"transformers": transformers.__version__, "cases": cases}


def write(name, content):
    with open(os.path.join(out_dir, name), "w") as file:
        json.dump({"witnesses": f"sentencepiece {sentencepiece.__version__}, llama-cpp-python {llama_cpp.__version__}", **content},
                  file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


write("sentence_piece.json", {"with_bytes": sentence_piece_case(True), "without_bytes": sentence_piece_case(False)})
write("byte_level.json", byte_level_cases())
write("chat_templates.json", template_cases())
