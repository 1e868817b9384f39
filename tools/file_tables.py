# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/ about files: every key of every kind, as the models have it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from mnht_controller.settings.schema import PROFILES, kinds
from tools.markdown import code, first_line, table

Json = Mapping[str, Any]


def configuration() -> str:
    """One section a kind of profile; nested tables follow their file."""
    return _sections(PROFILES)


def simulated() -> str:
    """One section a kind of file that only the simulator reads."""
    return _sections(kinds()[len(PROFILES) :])


def _sections(models: Iterable[tuple[str, type[BaseModel]]]) -> str:
    parts = []
    for kind, model in models:
        schema = model.model_json_schema()
        parts.append(f"## {kind}\n\n{first_line(model)}\n\n{_keys(schema, schema)}")
        for heading, name in _nested(schema):
            part = schema["$defs"][name]
            about = part.get("description", "").partition("\n")[0]
            parts.append(f"### {kind}: `{heading}`\n\n{about}\n\n{_keys(part, schema)}")
    return "\n".join(parts)


def _nested(schema: Json) -> Iterator[tuple[str, str]]:
    """Give heading and definition of each table below a file's own keys, and of theirs."""
    seen: set[str] = set()
    todo = [(schema, "")]
    while todo:
        part, above = todo.pop(0)
        for key, value in part["properties"].items():
            for name in re.findall(r"'#/\$defs/(\w+)'", str(value)):
                if "properties" not in schema["$defs"][name] or name in seen:
                    continue
                seen.add(name)
                is_many = value.get("type") == "array"
                heading = f"{above}{key}"
                yield (f"[[{heading}]]" if is_many else f"[{heading}]"), name
                todo.append((schema["$defs"][name], f"{heading}."))


def _keys(part: Json, schema: Json) -> str:
    required = part.get("required", [])
    rows = []
    for name, value in part["properties"].items():
        default = "required" if name in required else _shown_default(value.get("default"))
        rows.append((code(name), _kind(value, schema), default))
    return table(("key", "value", "default"), rows)


def _shown_default(value: object) -> str:
    return "" if isinstance(value, dict | list) or value in {None, ""} else code(value)


def _kind(value: Json, schema: Json) -> str:
    """Say in words what a key takes."""
    if "anyOf" in value:
        return " or ".join(_kind(v, schema) for v in value["anyOf"] if v.get("type") != "null")
    if "oneOf" in value:
        return " or ".join(map(code, value["discriminator"]["mapping"])) + ", see below"
    if "const" in value:
        return code(value["const"])
    if "enum" in value:
        return ", ".join(map(code, value["enum"]))
    if "$ref" in value or "allOf" in value:
        ref = value.get("$ref") or value["allOf"][0]["$ref"]
        name = ref.rpartition("/")[2]
        choices = schema["$defs"][name].get("enum")
        return ", ".join(map(code, choices)) if choices else "table, see below"
    if "prefixItems" in value:
        return f"{len(value['prefixItems'])} numbers, {value.get('description', '')}".rstrip(", ")
    if value.get("type") == "array":
        return f"list of {_kind(value['items'], schema)}"
    if "minimum" in value and "maximum" in value and value.get("type") in {"number", "integer"}:
        low, high, unit = value["minimum"], value["maximum"], value.get("description", "")
        return unit if low == high else f"{low:.8g} to {high:.8g} {unit}".rstrip()
    return str(value.get("description") or {"string": "text"}.get(value["type"], value["type"]))
