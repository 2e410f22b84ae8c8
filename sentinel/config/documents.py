"""The settings as documents: a commented example, a JSON Schema for editors, and the reference page.

All three are made from `settings` and committed; a test compares them, so that they cannot go stale.
"""

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union

import yaml

from sentinel.config.settings import Bounds, Settings

_JSON_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}


def example_yaml() -> str:
    """`sentinel.example.yaml`: every key with its default, its help and its limits."""
    lines = ["# Every key of sentinel.yaml with its default. Keys left out keep these values.", ""]
    for name, hint, f in _fields(Settings):
        lines += _example_entry(name, hint, f, indent=0)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _example_entry(name: str, hint: Any, f: Any, indent: int) -> list[str]:
    pad = "  " * indent
    lines = [f"{pad}# {f.metadata['help']}{_limits(f.metadata['bounds'], hint)}"]
    default = _default(f)
    if dataclasses.is_dataclass(hint):
        lines.append(f"{pad}{name}:")
        for inner in _fields(hint):
            lines += _example_entry(*inner, indent=indent + 1)
    elif typing.get_origin(hint) is tuple and dataclasses.is_dataclass(item := typing.get_args(hint)[0]):
        lines += _example_list(name, item, default, pad)
    else:
        lines.append(f"{pad}{name}: {_inline(default)}")
    return lines


def _example_list(name: str, item: Any, default: Any, pad: str) -> list[str]:
    shown = [f"{field}: {_inline(_default(f))}  # {f.metadata['help']}" for field, _, f in _fields(item)]
    mark = "" if default else "# "
    head = [f"{pad}{name}:"] if default else [f"{pad}{name}: []"]
    return [*head, *(f"{pad}{mark}{'  - ' if i == 0 else '    '}{line}" for i, line in enumerate(shown))]


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of sentinel.yaml, for editors and other tools."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "sentinel.yaml"}
    return head | _schema_of(Settings)


def _schema_of(hint: Any) -> dict[str, Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        properties = {name: _schema_of_field(inner, f) for name, inner, f in _fields(hint)}
        needed = [name for name, _, f in _fields(hint) if _default(f) is dataclasses.MISSING]
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return schema | ({"required": needed} if needed else {})
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(args[0]), {"type": "null"}]}
    if origin is Literal:
        return {"enum": list(args)}
    if origin is tuple:
        return {"type": "array", "items": _schema_of(args[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
    return {"type": ["string", "number"] if hint is str else _JSON_TYPES[hint]}


def _schema_of_field(hint: Any, f: Any) -> dict[str, Any]:
    bounds: Bounds = f.metadata["bounds"]
    limits = {"minimum": bounds.least, "maximum": bounds.most}
    schema = _schema_of(hint) | {"description": f.metadata["help"]}
    default = _default(f)
    if not dataclasses.is_dataclass(default) and default is not dataclasses.MISSING and not _holds_groups(hint):
        schema["default"] = list(default) if isinstance(default, tuple) else default
    return schema | {key: value for key, value in limits.items() if value is not None}


def markdown() -> str:
    """The reference page: one table per group."""
    lines = [
        "# Configuration",
        "",
        "`sentinel run --config sentinel.yaml`. Every key can also be set in the environment: `model.name` is",
        "`SENTINEL__MODEL__NAME`, `relay[0].listen` is `SENTINEL__RELAY__0__LISTEN`. The environment wins over the",
        "file, flags win over both. Unknown keys are refused; `sentinel check-config` reports all problems at once.",
        "The same as a commented file: [`sentinel.example.yaml`](../sentinel.example.yaml); for editors:",
        "[`sentinel.schema.json`](schemas/sentinel.schema.json).",
    ]
    for path, help_text, group in _groups(Settings):
        lines += ["", f"## `{path}`", "", help_text, "", "| key | default | meaning |", "|---|---|---|"]
        for name, hint, f in _fields(group):
            if not dataclasses.is_dataclass(hint) and not _holds_groups(hint):
                limits = _limits(f.metadata["bounds"], hint)
                lines.append(f"| `{name}` | {_cell(_default(f))} | {f.metadata['help']}{limits} |")
    return "\n".join(lines) + "\n"


def _groups(cls: Any, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    for name, hint, f in _fields(cls):
        path = f"{prefix}{name}"
        if dataclasses.is_dataclass(hint):
            yield path, f.metadata["help"], hint
            yield from _groups(hint, f"{path}.")
        elif _holds_groups(hint):
            item = typing.get_args(hint)[0]
            yield f"{path}[]", f.metadata["help"], item
            yield from _groups(item, f"{path}[].")


def _fields(cls: Any) -> list[tuple[str, Any, Any]]:
    hints = typing.get_type_hints(cls)
    return [(f.name, hints[f.name], f) for f in dataclasses.fields(cls)]


def _holds_groups(hint: Any) -> bool:
    return typing.get_origin(hint) is tuple and dataclasses.is_dataclass(typing.get_args(hint)[0])


def _default(f: Any) -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _inline(value: Any) -> str:
    if value is dataclasses.MISSING:
        return "…"
    plain = list(value) if isinstance(value, tuple) else value
    if isinstance(plain, int) and not isinstance(plain, bool):
        return str(plain)
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()


def _cell(value: Any) -> str:
    return "required" if value is dataclasses.MISSING else f"`{_inline(value)}`"


def _limits(bounds: Bounds, hint: Any) -> str:
    words = []
    if typing.get_origin(hint) is Literal:
        words.append("one of " + ", ".join(map(str, typing.get_args(hint))))
    if bounds.least is not None:
        words.append(f"at least {bounds.least:g}")
    if bounds.most is not None:
        words.append(f"at most {bounds.most:g}")
    return f" ({', '.join(words)})" if words else ""
