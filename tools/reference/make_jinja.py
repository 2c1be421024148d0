"""Writes fixtures/jinja/*.json: templates, and what Jinja makes of them when it is set up as transformers sets it up.

    pip install jinja2==3.1.6
    python3 tools/reference/make_jinja.py

Each case is [template, text], or [template, null] where Jinja raises an error.
"""

import itertools
import json
import os
import re
import warnings
from datetime import datetime

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "jinja")

MESSAGES = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": " Hi <b>there</b>\nyou "},
    {"role": "assistant", "content": "It's 5 o'clock: \"tea\" & cake", "tool_calls": [{"name": "f", "arguments": {"b": ["1", None, True], "a": "ü"}}]},
]


class Generation(jinja2.ext.Extension):
    """The block `generation`, which transformers adds to mark the assistant's text."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    def _text(self, caller):
        return caller()


def environment():
    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda format: datetime.now().strftime(format)
    return made


ENVIRONMENT = environment()
VARIABLES = {"messages": MESSAGES, "add_generation_prompt": True, "tools": None, "bos_token": "<s>", "yes": True}


def rendered(template):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = ENVIRONMENT.from_string(template).render(**VARIABLES)
    except Exception:
        return None
    # What names an address in memory is no text that a template could want.
    return None if re.search(r"\b0x[0-9a-f]{8,}", text, re.IGNORECASE) else text


def write(name, templates):
    cases = [[template, rendered(template)] for template in dict.fromkeys(templates)]
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")
    print(f"{name}: {len(cases)} cases, {sum(text is None for _, text in cases)} of them errors")


NUMBERS = ["0", "1", "-7", "2.5", "3.5", "-0.0", "1e-05", "1e22", "123456789.125", "True", "10**20"]
TEXTS = ["''", "'a'", "'It\\'s a \"test\"'", "' Hello-World (foo) [bar] '", "'a=b=c'", "'x,y,,z'", "'line1\\nline2\\n\\nline4'", "'äÖß ÉCOLE'", "'日本 🎉'", "'12'", "' 3.7e2 '", "'0x1F'", "'tab\\tend'", "'<a href=\"x\">T & C</a>'"]
LISTS = ["[]", "[1, 2, 3]", "['b', 'A', 'a', 'B']", "[3, 1.5, True, 2]", "[[1, 'x'], (2,), ()]", "(1, 'two')", "range(4)", "messages", "[None, '', 0, 'x']", "[{'k': 2, 'n': {'v': 'p'}}, {'k': 1, 'n': {'v': 'Q'}}]"]
MAPS = ["{}", "{'b': 1, 'a': [1, 2], 'C': None}", "{1: 'one', (1, 2): True, None: 0.1}", "messages[2]", "messages[2].tool_calls[0]"]
OTHERS = ["none", "missing", "messages[0].missing", "range", "namespace(a=1).a", "dict(a=1, b='x')", "[1, 2] | map('string')"]
VALUES = NUMBERS + TEXTS + LISTS + MAPS + OTHERS


def expressions(items):
    return ["{{ " + item + " }}" for item in items]


def filters():
    plain = "abs capitalize count d default dictsort e escape filesizeformat first float int items join last length list lower max min reverse round safe sort string sum title tojson trim unique upper urlencode wordcount striptags".split()
    for name, value in itertools.product(plain, VALUES):
        # How many words the address of a function has says nothing.
        if name in ("wordcount", "striptags", "urlencode") and (value == "range" or value.endswith("map('string')")):
            continue
        ends = " | list" if name in ("items", "unique") or (name == "reverse" and value not in TEXTS) else ""
        yield f"{value} | {name}{ends}"
    for value in TEXTS:
        for more in ["replace('a', 'b')", "replace('a', 'b', 1)", "replace('', '-')", "replace('l', 5)", "trim('a ')", "trim(chars=' )x')", "indent", "indent(2, true)", "indent(width=1, blank=true)", "indent('> ', first=true)", "center(21)", "center", "truncate(5)", "truncate(9, true, '~', 0)", "truncate(7, leeway=0)", "default('z', true)", "int(7)", "int(base=16)", "int(default=-1, base=0)", "float(1)", "tojson(ensure_ascii=true)", "batch(3) | list", "reverse | upper", "list | join('|')", "first", "last", "length"]:
            yield f"{value} | {more}"
    for value in LISTS + MAPS[:2]:
        for more in ["join(', ')", "join(d='-', attribute='role')", "join('+', 0)", "batch(2) | list", "batch(2, 'x') | list", "slice(2) | list", "slice(3, 'y') | list", "sort(reverse=true)", "sort(case_sensitive=true)", "sort(attribute='role')", "sort(attribute='n.v,k')", "map(attribute='role') | list", "map(attribute='k', default='?') | list", "map('string') | list", "map('upper') | join", "map('default', 'q') | list", "select | list", "reject | list", "select('string') | list", "reject('none') | list", "select('gt', 1) | list", "selectattr('role') | list | length", "selectattr('role', 'equalto', 'user') | map(attribute='content') | list", "rejectattr('role', 'in', ['user']) | list | length", "selectattr('k', '>', 1) | list", "max(attribute='k')", "min(case_sensitive=true)", "sum(attribute='k')", "sum(start=10)", "groupby('role') | list | length", "groupby('k') | map('first') | list", "groupby('n.v', case_sensitive=true) | map(attribute='grouper') | list", "unique(case_sensitive=true) | list", "tojson(indent=2)", "tojson(separators=(',', ':'))", "tojson(indent=1, sort_keys=true)", "dictsort(by='value')", "dictsort(false, 'key', true)", "dictsort(true)", "first", "last", "length", "attr('role')", "list | length", "tojson | length", "reverse | list | first", "string | length"]:
            yield f"{value} | {more}"
    for value in ["none", "0", "1", "false", "''", "0.0", "missing", "range"]:
        for more in ["map", "map('upper')", "map('nofilter')", "map(attribute='a', x=1)", "select", "select('odd')", "select('notest')", "reject", "selectattr", "selectattr('a')", "rejectattr('a', 'odd')", "unique", "batch(2)", "slice(2)", "groupby('a')"]:
            yield f"{value} | {more} | list"
    for value in NUMBERS:
        for more in ["round(1)", "round(0, 'floor')", "round(2, 'ceil')", "round(-1)", "round(precision=3)", "float(2)", "int(base=2)", "filesizeformat(true)", "string | length"]:
            yield f"{value} | {more}"
    for number in ["0.5", "1.5", "2.5", "-2.5", "2.675", "1.005", "1234.5678", "25", "35", "15", "0.1 + 0.2"]:
        for more in ["round", "round(1)", "round(2)", "round(-1)", "round(1, 'ceil')", "round(1, 'floor')"]:
            yield f"({number}) | {more}"
    for pattern, values in [("'%s and %s'", "'a', 1"), ("'%(x)s'", "x=3"), ("'%05.1f|%-5d|%+d|%x|%%'", "2.25, 7, 7, 255"), ("'%s'", ""), ("'%s'", "1, 2"), ("'%r'", "'q'"), ("'%c%c'", "65, 'b'"), ("'%5s|%-5s|%.2s'", "'ab', 'cd', 'efg'"), ("'%e %g %G'", "12345.678, 1e-7, 1e20"), ("'%d'", "3.9"), ("'%i %o %X %#x'", "8, 8, 255, 255"), ("'%08.3f'", "-3.14159"), ("'%*d'", "5, 3")]:
        yield f"{pattern} | format({values})"
    yield from ["missing | default", "missing | default('x')", "none | default('x')", "none | default('x', true)", "'' | d('e', boolean=true)", "[1,2,3] | random | string | length > 0", "{'a': 1} | items | list", "[('a', 1)] | urlencode", "{'q': 'a b&c', 'd': 1} | urlencode", "'x' | nofilter", "range(10) | batch(3) | map('sum') | list", "'a' | attr('upper')", "messages | map('tojson') | join('\\n')", "messages | groupby('role') | map(attribute='list') | map('length') | list", "[1, 2] | first | string ~ 'x'", "'abc' | list | sort(reverse=true) | join", "'%s' | format | length"]


def tests():
    plain = "boolean callable defined divisibleby(2) eq(1) equalto('a') escaped even false float ge(1) gt(0) in([1,'a']) integer iterable le(1) lower lt(2) mapping ne(1) none number odd sameas(none) sequence string test true undefined upper filter".split()
    for name, value in itertools.product(plain, VALUES):
        yield f"{value} is {name}"
    yield from ["1 is not odd", "3 is divisibleby 3", "'a' is in ['a']", "'a' is eq 'a'", "1 is == 1", "2 is greaterthan 1", "2 is lessthan 1", "'upper' is filter", "'nofilter' is filter", "'odd' is test", "none is sameas none", "true is sameas true", "1 is sameas true", "x is defined", "not x is defined", "x is not defined and y is not defined", "1 is nosuch", "messages is sequence and messages is not string", "range(3) is iterable", "raise_exception is callable", "'a'.upper is callable", "5 is odd is true"]


def operators():
    some = ["0", "3", "-7", "2.5", "True", "'ab'", "'%s'", "[1]", "(1, 2)", "{'a': 1}", "none", "missing", "'a'"]
    for op in ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "~"]:
        for left, right in itertools.product(some, some):
            yield f"{left} {op} {right}"
    for value in some + ["'日本語'", "range(5)"]:
        yield from [f"-{value}", f"+{value}", f"not {value}", f"({value})"]
        for index in ["0", "-1", "5", "'a'", "'upper'", "1:", ":1", "::-1", "-2:", "::2", "1:0", "none:none", "3:1:-1", "true", "missing"]:
            yield f"{value}[{index}]"
        yield from [f"{value}.0", f"{value}.a", f"{value}.missing", f"{value}.missing.more", f"{value}.real"]
    numbers = ["7", "-7", "0.1", "-2.5", "1e300", "10**15", "3", "-3", "0.0", "1e16", "True"]
    for op in ["+", "-", "*", "/", "//", "%", "**"]:
        for left, right in itertools.product(numbers, numbers):
            if not (op == "**" and (left, right) not in [("7", "3"), ("-7", "3"), ("0.1", "-3"), ("3", "-3"), ("0.0", "3"), ("7", "0.1"), ("-2.5", "3")]):
                yield f"({left}) {op} ({right})"
    for number in ["1e-05", "0.0001", "1e15", "1e16", "123456789012345680.0", "1.0", "100.0", "0.1", "1/3", "2/3", "1e100", "5e-324", "1.7976931348623157e308", "-1e-7", "1_000", "0x1F", "0b101", "0o17", "1.5E3", "2**63", "2**100", "1e22", "1e21", "12345678.9"]:
        yield from [number, f"[{number}]", f"({number}) | string", f"'' ~ ({number})"]
    yield from [
        "1 < 2 < 3", "1 < 3 < 2", "1 == 1.0 == True", "'a' in 'abc' == true", "1 if yes else 2", "1 if missing", "1 if missing else 2", "'x' if false", "not true or true", "not (true or true)", "true and 5", "0 or 'd'", "7 and 0", "none or none", "[] or {}", "2 ** 3 ** 2", "-2 ** 2", "2 - 3 - 4", "2 + 3 ~ 4 + 5", "'a' ~ 1 ~ none ~ 2.0", "'a' 'b' 'c'", "1,", "1, 2", "(1,)", "()", "[1, 'a', none, true, 2.0, [], {}, (1,)]", "{'a': {'b': [1]}}", "{1: 2, 1.0: 3, true: 4}", "[[]] * 2", "'a' < 'B'", "[1, 2] < [1, 3]", "(1, 2) < (1,)", "[1] == (1,)", "{} == {}", "'a' * -1", "'ab' * 2 + 'c'", "3 * 'ab'", "[1] * 2", "5 // 2 * 2", "5 % 3 * 2", "1.0 == 1", "'1' == 1", "true + true", "true == 1", "10 % 3", "-10 % 3", "10 // -3", "1e400", "1 / 0", "'%d%%' % 5", "'%s %s' % ('a', 'b')", "'%(a)s' % {'a': 1}", "messages[0]['role']", "messages[0].role", "messages[-1].content", "messages[1:] | length", "messages[::-1][0].role", "messages.0.role", "{'items': 1}.items", "{'items': 1}['items']", "{'a': 1}.items() | list", "{'a': 1, 'b': 2}.keys() | list", "{'a': 1}.values() | list", "{'a': 1}.items()", "{'a': 1}.keys()", "{'a': 1}.get('a')", "{'a': 1}.get('b')", "{'a': 1}.get('b', 3)", "{'a': 1}.pop('a')", "[1].append(2)", "'x'.missing", "'x'.__class__", "[].__len__()", "loop", "caller", "varargs", "range(3)", "range(0, 10, 3)", "range(3) | list", "range(5)[1]", "range(5)[-2:] | list", "range(200000)", "range", "dict", "dict(a=1)", "dict([('a', 1)], b=2)", "dict({'a': 1}, a=2)", "namespace", "lipsum is defined", "true", "True", "none", "None", "'a' is defined", "\"q'q\"", "['q\\'q', 'd\"d', 'b\\'\"']", "['\\n\\t\\\\ü\\x00\\u200b']", "'\\x41\\u00e9\\101\\q'", "['é', '日', '🎉', '\\u00ad', '\\u00a0']", "1 + missing", "missing + 1", "missing ~ 'a'", "missing == missing", "missing in [1]", "1 in missing", "'a' in none", "missing.a", "missing()", "'a'()", "none.a", "1.a", "x.y.z is defined", "(1, 2)[0]", "{'a': [1, {'b': 2}]}.a[1].b", "{'a': 1}['b'] is defined", "[1, 2][5] is defined", "'abc'[1]", "'abc'[-1]", "'abc'[::-1]", "'abc'['upper']()", "yes == True", "not not 1", "- 5", "+ 5", "1 - -1", "1--1", "[1, 2,]", "{'a': 1,}", "f(1)", "(range(3) | list)[1]", "5.real", "'a'.upper().lower().title()", "('a', 'b') | join", "[1, 2, 3] | sum / 2", "3 | string * 2", "-1 | abs", "(-1) | abs", "2 ** -1", "0.1 + 0.2", "1e3", "100 ** 20", "7 // 0", "7 % 0", "'a' % 1", "'%d' % 'x'",
    ]


def methods():
    calls = {
        "''": [],
        "text": "capitalize() casefold() center(9) center(9,'*') count('a') count('') count('a',1) endswith('a') endswith(('x','a')) expandtabs() expandtabs(4) find('a') find('a',2) find('zz') format() index('a') index('zz') isalnum() isalpha() isascii() isdecimal() isdigit() isidentifier() islower() isnumeric() isprintable() isspace() istitle() isupper() join(['x','y']) join('abc') join([1]) ljust(7) ljust(7,'.') lower() lstrip() lstrip('\\'a') partition('a') partition('=') removeprefix('a') removesuffix('c') replace('a','X') replace('a','X',1) replace('','-') rfind('a') rindex('a') rjust(7) rjust(7,'0') rpartition('=') rpartition('zz') rsplit() rsplit('=',1) rsplit(maxsplit=1) rstrip() rstrip(')]\\' ') split() split('=') split('=',1) split(',') split(none,1) split('') splitlines() splitlines(true) startswith('a') startswith(('x',' ')) startswith('t',1) startswith('a',-3) strip() strip('a ') swapcase() title() upper() zfill(6) nosuch()".split(" "),
    }
    texts = TEXTS + ["'-42'", "'+7'", "'abcabc'", "'a b  c d'", "'Hello World'", "'ABC'", "'x1'", "'１２'", "'²'", "'a\\r\\nb\\x0bc'", "'ﬁx ǆ'"]
    for text, call in itertools.product(texts, calls["text"]):
        yield f"{text}.{call}"
    for mapping in MAPS:
        for call in ["keys() | list", "values() | list", "items() | list", "get('a')", "get('zz', 5)", "get(1)", "copy()", "items() | length", "keys()", "values() | list | length", "update({})", "get()", "nosuch()"]:
            yield f"{mapping}.{call}"
    for items in LISTS:
        for call in ["count(1)", "index('a')", "index(2)", "copy()", "append(1)", "nosuch()"]:
            yield f"{items}.{call}"
    for pattern, values in [
        ("'{} {}'", "'a', 1"), ("'{1}{0}'", "'a', 'b'"), ("'{x}'", "x=[1]"), ("'{0.role} {0[content]}'", "messages[0]"), ("'{:>5}|{:<5}|{:^5}'", "'a', 'b', 'c'"), ("'{:*^9}'", "'mid'"), ("'{:05d} {:+} {: }'", "42, 42, 42"), ("'{:,} {:_}'", "1234567, 1234567"), ("'{:.2f} {:8.3f} {:e}'", "3.14159, 3.14159, 314.159"), ("'{:x} {:X} {:#x} {:b} {:o}'", "255, 255, 255, 5, 8"), ("'{:%} {:.1%}'", "0.25, 0.125"), ("'{:g} {:.3g}'", "1e10, 0.00012345"), ("'{{}} {}'", "1"), ("'{!r} {!s}'", "'q', 'q'"), ("'{:{w}}|'", "'a', w=4"), ("'{} {0}'", "1, 2"), ("'{'", "1"), ("'}'", "1"), ("'{}'", ""), ("'{:d}'", "'x'"), ("'{:s}'", "5"), ("'{}'", "none"), ("'{}'", "True"), ("'{:5}|'", "True"), ("'{:>6}|'", "2.5"), ("'{}'", "1e22"), ("'{:.3}'", "'abcdef'"), ("'{:.3}'", "3.14159"), ("'{:c}'", "65"), ("'{:010.2f}'", "-3.14159"), ("'{:,.2f}'", "1234567.891"), ("'{:012,}'", "1234567"), ("'{:n}'", "1234"), ("'{a[b]}'", "a={'b': 2}"), ("'{0[1]}'", "[5, 6]"), ("'{:=+7}'", "42"), ("'{:q}'", "1"),
    ]:
        yield f"{pattern}.format({values})"
    yield from ["(2.0).is_integer()", "(2.5).is_integer()", "(5).bit_length()", "'a'.join(messages | map(attribute='role'))", "'{a}'.format_map({'a': 1})", "'a'.upper.x", "','.join({'a': 1, 'b': 2})", "'abc'.replace('b', none)", "'abc'.replace(old='b', new='x')", "'a-b'.split('-')[1]", "'x'.join([])", "'abc'.find('')", "'a,b'.split(sep=',')", "'  a b '.split(' ')", "'ab'.center(5)", "'abc'.center(6)", "'aXbX'.rsplit('X')", "'abc'.index('b')", "range is callable", "'a'.encode()", "'%s'.__mod__(1)"]


STATEMENTS = [
    "{% for m in messages %}{{ loop.index }}{{ m.role }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for m in messages %}\n<{{ m.role }}>\n{{ m.content }}\n{% endfor %}\nA:",
    "{% for m in messages %}\r\n<{{ m.role }}>\r\n{{ m.content }}\r\n{% endfor %}\r\nA:",
    "{%- for m in messages -%}\n <{{- m.role -}}> \n{%- endfor -%}\n end \n",
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%+ if yes %}\n  b\n  {%+ endif +%}\nc\n\n",
    "  {# note #}  x\n{# a\nb #}\ny {# c #} z",
    "a {#- note -#} b {#+ c +#} d",
    "{% raw %}{{ x }} {% if %}{% endraw %}!",
    "a\n {%- raw -%} \n {{ x }} \n {%- endraw -%} \n b",
    "{% raw %}\nx\n{% endraw %}\ny",
    "x\n", "x\n\n", "\n\nx", "x\r", "", "   ", "{{ 1 }}\n", "{{- 1 -}}\n x", "a {{- 1 }} b {{ 2 -}} c",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i + 5 %}{{ x }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns.c }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}",
    "{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}",
    "{% set a, b = 1 %}", "{% set a, b = [1, 2, 3] %}", "{% set a.b = 1 %}", "{% set loop = 1 %}", "{% set true = 1 %}",
    "{% set x %}a{{ 1 }}b{% endset %}[{{ x }}]", "{% set x | upper | trim %} a {% endset %}[{{ x }}]", "{% set x | replace('a', 'b') %}aa{% endset %}{{ x }}",
    "{% for a, b in {'x': 1, 'y': 2}.items() %}{{ a }}={{ b }};{% endfor %}",
    "{% for k in {'x': 1, 'y': 2} %}{{ k }}{% endfor %}", "{% for c in 'abc' %}{{ c }}.{% endfor %}",
    "{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }} {% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %}", "{% for i in missing %}x{% else %}none{% endfor %}", "{% for i in 5 %}x{% endfor %}", "{% for i in none %}x{% endfor %}",
    "{% for i in range(6) if i % 2 %}{{ i }}:{{ loop.index }}/{{ loop.length }} {% endfor %}", "{% for i in range(3) if i > 5 %}x{% else %}empty{% endfor %}",
    "{% for i in range(5) %}{{ loop.first }}{{ loop.last }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.length }} {% endfor %}",
    "{% for i in [3, 4] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}", "{% for i in [3, 4] %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% for i in range(5) %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in [1, 1, 2, 2, 1] %}{{ loop.changed(i) }}{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in range(2) %}{% for j in range(2) %}{{ loop.index }}{{ loop.depth }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for i in [[1, [2]], [3]] recursive %}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}@{{ loop.depth }}{% endif %}{% endfor %}",
    "{% for i in [1] %}{{ loop(i) }}{% endfor %}", "{% for i in [1, 2] %}{{ loop }}{% endfor %}",
    "{% for loop in [1] %}{% endfor %}", "{{ loop is defined }}", "{% for i in [1] %}{% endfor %}{{ i is defined }}",
    "{% for m in messages | selectattr('role', 'equalto', 'user') %}{{ loop.length }}{{ m.role }}{% endfor %}",
    "{% for x in [1, 2, 3] | reverse %}{{ x }}{% endfor %}",
    "{% set g = [1, 2] | map('string') %}{{ g | join }}|{{ g | join }}", "{% set g = [1, 2] | map('string') %}{% if g %}y{% endif %}{{ g | first }}{{ g | list }}",
    "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=5, a=4) }} {{ f() }}",
    "{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}", "{% macro f(a, b=a ~ 'x', c=b) %}{{ c }}{% endmacro %}{{ f(1) }}",
    "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(z=2) }}", "{% macro f(a) %}{% endmacro %}{{ f(1, a=2) }}", "{% macro f(a=1, b) %}{% endmacro %}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}", "{% macro f(a) %}{{ a is defined }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{{ x }}{% endmacro %}{% set x = 5 %}{{ f() }}", "{% set x = 1 %}{% macro f() %}{{ x }}{% set x = 2 %}{{ x }}{% endmacro %}{{ f() }}{{ x }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro f() %}  a  {% endmacro %}[{{ f() | trim }}]{{ f() | length }}",
    "{% macro f() %}{{ caller() }}!{% endmacro %}{% call f() %}in{% endcall %}", "{% macro f() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) f() %}{{ a + b }}{% endcall %}",
    "{% macro f() %}x{% endmacro %}{% call f() %}in{% endcall %}", "{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}", "{% set x = 1 %}{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}{% set x = 2 %}{{ x }}{% endcall %}{{ x }}",
    "{% macro f(a, b=1) %}{% endmacro %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.caller }}{{ f }}", "{% macro f(*a) %}{% endmacro %}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*[1]) }}{{ f(**{'a': 2}) }}{{ ['x', 'y'] | map('upper') | map('lower') | list }}",
    "{% for i in [1, 2] %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}",
    "{% filter upper %}a{{ 'b' }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aXa{% endfilter %}", "{% set x = 1 %}{% filter upper %}{% set x = 2 %}{{ x }}{% endfilter %}{{ x }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}",
    "{% set x='a' %}{% generation %}{% set x='b' %}{{ x }}{% endgeneration %}{{ x }}", "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}\n{% endfor %}",
    "{% if missing %}a{% elif 0 %}b{% elif yes %}c{% else %}d{% endif %}", "{% if 1, 2 %}t{% endif %}", "{% if not missing.a is defined %}t{% endif %}", "{% if messages[0].missing.more is defined %}{% endif %}",
    "{{ raise_exception('no') }}", "{% if no_such_name is defined and no_such_name %}x{% endif %}ok", "{{ [1, 2, 3][1:] }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}",
    "{% set j = joiner(', ') %}{% for i in range(3) %}{{ j() }}{{ i }}{% endfor %}", "{% set j = joiner() %}{{ j() }}a{{ j() }}b",
    "{% include 'x' %}", "{% import 'x' as y %}", "{% nosuch %}", "{% if yes %}", "{% endif %}", "{% for %}{% endfor %}", "{{ }}", "{{ 1 +  }}", "{{ (1 }}", "{{ 'a }}", "{{ a b }}", "{% set %}", "{{ 1 | }}", "{{ x is }}", "{{ [1, }}", "{{ {'a' 1} }}", "{{ f(a=1, 2) }}", "{# open", "{% raw %}x", "{{ ! }}", "{{ a ? b }}", "{{ 1 }}}}", "}} %} #}", "{ { x } }", "{{ {'a': {'b': 1}} }}", "{{ {'a': 1}['a'] }}",
    "{{ messages }}", "{{ messages[2] }}", "{{ messages | tojson }}", "{{ messages[2] | tojson(indent=4) }}", "{{ messages[2].tool_calls[0].arguments | tojson(sort_keys=true) }}", "{{ {'a': 1.0, 'b': 1e-7, 'c': none, 'd': (1, 2), 1: true, none: 0} | tojson }}", "{{ {} | tojson(indent=2) }}{{ [] | tojson(indent=2) }}{{ [[], {}] | tojson(indent=2) }}", "{{ 'é\\u2028\\x01\\x7f\"\\\\/' | tojson }}", "{{ range(3) | tojson }}", "{{ [1, 2] | tojson(indent='\\t') }}", "{{ [1] | tojson(separators=(' , ', ' : ')) }}", "{{ missing | tojson }}", "{{ ('nan' | float) | tojson }}",
    "{{ bos_token }}{{ unk_token }}{{ unk_token is defined }}{{ tools is none }}{{ tools is defined }}", "{{ bos_token ~ eos_token }}", "{{ bos_token + eos_token }}",
    "{%- set loop_messages = messages -%}{%- for message in loop_messages -%}{%- set content = '<|' + message['role'] + '|>\n' + message['content'] | trim + '\n' -%}{{ content }}{%- endfor -%}",
    "{% set x = messages | map(attribute='role') | list %}{{ x }}{{ 'user' in x }}{{ x | length }}", "{{ '%s' % messages[0].role }}", "{{ 'a\nb' }}", "{{ \"a\\nb\" }}", "{{ 'a\\\nb' }}",
    "{{ 1 if true else }}", "{{ (1 if false else 2) + 1 }}", "{{ [x for x in []] }}", "{{ lambda: 1 }}", "{{ 1;2 }}", "{{ ''.join([]) }}", "{{ {}.a }}", "{{ {}.a.b }}", "{{ {}['a'].b is defined }}",
    "{% set a = [1, 2, 3] %}{% set b = a + [4] %}{{ a }}{{ b }}", "{% set d = {'a': 1} %}{% set d = dict(d, b=2) %}{{ d }}{{ d | length }}", "{{ dict(messages[0], role='x') }}",
    "{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}", "{% for k, v in {'b': 1, 'a': 2} | items %}{{ k }}{{ v }}{% endfor %}", "{% for g in messages | groupby('role') %}{{ g.grouper }}{{ g.list | length }}{{ g[0] }}{% endfor %}", "{% for role, group in messages | groupby('role') %}{{ role }}{{ group | length }}{% endfor %}", "{{ messages | groupby('role') | first }}",
    "{{ namespace(a=1) is mapping }}", "{% set ns = namespace() %}{% set ns.a = [1] %}{% set ns.b = ns.a + [2] %}{{ ns.b }}{{ ns.zz is defined }}", "{{ self is defined }}", "{{ strftime_now('%%') }}{{ strftime_now('') }}", "{{ messages[0].items() | list }}", "{{ messages[0].keys() | join(',') }}", "{% for key in messages[0].keys() | sort %}{{ key }}{% endfor %}", "{% for x in (1, 2) %}{{ x }}{% endfor %}", "{{ messages[0]['role' if yes else 'content'] }}", "{{ messages | length - 1 }}", "{{ messages|length > 1 and messages[0]['role'] == 'system' }}", "{{ '\\u00e9' == 'é' }}", "{{ 'a' ~ 'b' if yes else 'c' }}", "{{ not yes }}", "{{ yes is true }}", "{{- '\n' -}}", "{{ '\n' }}x", "{% if yes -%}\n  a\n{%- else -%}\n b\n{%- endif %}\nz",
]

if __name__ == "__main__":
    write("filters", expressions(filters()))
    write("tests", expressions(tests()))
    write("operators", expressions(operators()))
    write("methods", expressions(methods()))
    write("statements", STATEMENTS)
