#!/usr/bin/env python3
"""Writes fixtures/json_schema_suite from the JSON Schema Test Suite, which is in the source archive of PyPI's jsonschema:

    pip download --no-binary :all: --no-deps jsonschema==4.26.0 && tar xzf jsonschema-4.26.0.tar.gz
    tools/reference/json_schema_suite.py jsonschema-4.26.0/json

Schemas and documents become texts, so that numbers stay as they are written. Tests of formats and of encoded
contents, which the standard leaves open, are not taken."""
import json
import pathlib
import sys

source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parents[2] / "fixtures/json_schema_suite"


class Written(str):
    """A number as it stands in the file."""


def text(value):
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


for draft in ("draft2020-12", "draft7"):
    groups = []
    for folder in ("", "optional/"):
        for file in sorted((source / "tests" / draft / folder).glob("*.json")):
            if file.stem == "content" and folder:
                continue
            for group in json.loads(file.read_text(), parse_float=Written, parse_int=Written):
                tests = [[text(test["data"]), test["valid"], test["description"]] for test in group["tests"]]
                groups.append({"file": folder + file.stem, "description": group["description"], "schema": text(group["schema"]), "tests": tests})
    lines = ",\n".join(json.dumps(group, ensure_ascii=False) for group in groups)
    (target / f"{draft}.json").write_text(f"[\n{lines}\n]\n")
(target / "LICENSE").write_text((source / "LICENSE").read_text())
