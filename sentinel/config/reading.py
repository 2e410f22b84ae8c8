"""From YAML, environment and flags to `Settings`, with every problem reported at once.

Later sources win: file < environment (`SENTINEL__MODEL__NAME`) < overrides (flags). A problem names the dotted path,
what is wrong, and the key that was probably meant; nothing is clamped or guessed.
"""

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union

from sentinel.config.settings import Bounds, Settings

ENVIRONMENT_PREFIX = "SENTINEL__"


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: where (dotted path) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigurationError(ValueError):
    """The configuration cannot be used; `problems` lists everything wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


def load(path: Path | None, environment: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read settings from the file at `path` (optional), the environment and dotted-path overrides.

    Raises ConfigurationError with all problems found.
    """
    document = read_yaml(path) if path is not None else {}
    for name, text in sorted(environment.items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            keys = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            _put(document, keys, _loaded(text) if text else "")
    for dotted, value in (overrides or {}).items():
        _put(document, dotted.split("."), value)
    return parse(document)


def _loaded(text: str) -> Any:
    import yaml  # 2 MB that the processes which are handed their settings do without

    return yaml.safe_load(text)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ConfigurationError when there is none."""
    from yaml import YAMLError

    try:
        document = _loaded(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([Problem("", f"cannot read {path}: {error.strerror}")]) from error
    except (YAMLError, UnicodeDecodeError) as error:
        place = " ".join(str(error).split())
        raise ConfigurationError([Problem("", f"{path} is not valid YAML: {place}")]) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError([Problem("", f"{path} must hold keys and values, not {_kind(document)}")])
    return document


def parse(document: Mapping[str, Any]) -> Settings:
    """Settings from nested mappings; raises ConfigurationError with all problems."""
    problems: list[Problem] = []
    settings = _group(Settings, document, "", problems)
    if settings is not None:
        problems += _contradictions(settings)
    if problems or settings is None:
        raise ConfigurationError(problems)
    return typing.cast("Settings", settings)


def _put(node: Any, keys: list[str], value: Any) -> None:
    """Set node[k0][k1]… = value, making the groups and list entries on the way."""
    place = _place(node, keys[0])
    if len(keys) == 1:
        node[place] = value
        return
    if not isinstance(node[place], dict | list):
        node[place] = [] if keys[1].isdigit() else {}
    _put(node[place], keys[1:], value)


def _place(node: Any, key: str) -> Any:
    """Where `key` is in a group or a list, made empty when it is new."""
    if isinstance(node, dict):
        node.setdefault(key, None)
        return key
    if not key.isdigit() or int(key) > len(node):
        raise ConfigurationError([Problem(key, f"is no position in a list of {len(node)}")])
    if int(key) == len(node):
        node.append(None)
    return int(key)


def _group(cls: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(Problem(path, f"must be a group of keys, not {_kind(value)}"))
        return None
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    before = len(problems)
    known: dict[str, Any] = {}
    for key, item in value.items():
        where = f"{path}.{key}" if path else str(key)
        if key not in fields:
            problems.append(Problem(where, f"unknown key{_hint(str(key), fields)}"))
            continue
        converted = _value(hints[key], item, where, problems)
        _check_bounds(fields[key].metadata["bounds"], converted, where, problems)
        known[key] = converted
    for name, f in fields.items():
        if name not in value and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            problems.append(Problem(f"{path}.{name}" if path else name, "is required"))
    return cls(**known) if len(problems) == before else None


def _value(hint: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _group(hint, value, path, problems)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(args[0], value, path, problems)
    if origin is Literal:
        return _choice(args, value, path, problems)
    if origin is tuple:
        return _sequence(args[0], value, path, problems)
    if origin is dict:
        return _mapping(value, path, problems)
    return _scalar(hint, value, path, problems)


def _choice(choices: tuple[Any, ...], value: Any, path: str, problems: list[Problem]) -> Any:
    if value is False and "off" in choices:  # YAML 1.1 reads a bare off as false
        return "off"
    if value not in choices:
        listed = ", ".join(map(str, choices))
        problems.append(Problem(path, f"must be one of {listed}, not {_show(value)}{_hint(str(value), choices)}"))
    return value


def _sequence(hint: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, list | tuple):
        problems.append(Problem(path, f"must be a list, not {_kind(value)}"))
        return ()
    return tuple(_value(hint, item, f"{path}[{i}]", problems) for i, item in enumerate(value))


def _mapping(value: Any, path: str, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(Problem(path, f"must be a group of keys, not {_kind(value)}"))
        return {}
    return {str(key): _scalar(str, item, f"{path}.{key}", problems) for key, item in value.items()}


def _scalar(hint: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    if hint is str and isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is bool and isinstance(value, bool):
        return value
    wanted = {str: "text", float: "a number", int: "a whole number", bool: "true or false"}[hint]
    problems.append(Problem(path, f"must be {wanted}, not {_show(value)}"))
    return value


def _check_bounds(bounds: Bounds, value: Any, path: str, problems: list[Problem]) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if bounds.least is not None and value < bounds.least:
        problems.append(Problem(path, f"must be at least {bounds.least:g}, not {value:g}"))
    if bounds.most is not None and value > bounds.most:
        problems.append(Problem(path, f"must be at most {bounds.most:g}, not {value:g}"))


def _contradictions(settings: Settings) -> list[Problem]:
    """Rules that need more than one value."""
    problems = []
    addresses: dict[str, str] = {}
    for path, address in _addresses(settings):
        if (problem := address_problem(address, listening=not path.endswith("upstream"))) is not None:
            problems.append(Problem(path, problem))
        elif not path.endswith("upstream"):
            if address in addresses and not address.endswith(":0"):
                problems.append(Problem(path, f"{address} is taken by {addresses[address]}"))
            addresses[address] = path
    if settings.rollback.mode == "enforce" and not settings.rollback.targets:
        problems.append(Problem("rollback.targets", "enforce needs at least one target; add one or set mode: dry_run"))
    for i, target in enumerate(settings.rollback.targets):
        path = f"rollback.targets[{i}]"
        if target.type == "webhook" and not target.url.startswith(("http://", "https://")):
            problems.append(Problem(f"{path}.url", f"must be an http(s) address, not {_show(target.url)}"))
        if target.type == "webhook" and target.url.startswith("http://") and not target.allow_http:
            problems.append(Problem(f"{path}.url", "plain http is refused; use https or set allow_http: true"))
        if target.type == "webhook" and not target.secret_file:
            problems.append(Problem(f"{path}.secret_file", "is required: requests are signed"))
    if not settings.relay:
        problems.append(Problem("relay", "needs at least one listener"))
    return problems


def _addresses(settings: Settings) -> list[tuple[str, str]]:
    listeners = [
        pair
        for i, listener in enumerate(settings.relay)
        for pair in ((f"relay[{i}].listen", listener.listen), (f"relay[{i}].upstream", listener.upstream))
    ]
    return [
        *listeners,
        ("telemetry.listen", settings.telemetry.listen),
        ("admin.listen", settings.admin.listen),
    ]


def address_problem(address: str, *, listening: bool) -> str | None:
    """What is wrong with a host:port or unix:/path address, or None."""
    if address.startswith("unix:"):
        return None if len(address) > len("unix:") else "needs a path after unix:"
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        return f"must be host:port such as 127.0.0.1:8080, not {_show(address)}"
    if not listening and (not host or port == "0"):
        return f"needs a host and a port to connect to, not {_show(address)}"
    return None


def split_address(address: str) -> tuple[str, int]:
    """Host and port of a checked host:port address; [v6] brackets removed; an empty host listens everywhere."""
    host, _, port = address.rpartition(":")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - listening everywhere is what ":8081" asks for


def _hint(key: str, candidates: typing.Iterable[Any]) -> str:
    close = difflib.get_close_matches(key, [str(c) for c in candidates], n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close and close[0] != key else ""


def _kind(value: Any) -> str:
    names = {dict: "a group", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
