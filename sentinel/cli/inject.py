"""`sentinel inject`: manifests with the sidecar in them, or the webhook that puts it into pods as they are made."""

import asyncio
import difflib
import logging
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sentinel.cli.problems import CommandError
from sentinel.config.reading import read_yaml
from sentinel.inject import manifests, words
from sentinel.inject.container import Plan
from sentinel.inject.template import NATIVE_FROM, Template, built_in, read, with_settings

ENDINGS = ("*.yaml", "*.yml", "*.json")
SERVICE = "Service"

Object = dict[str, Any]
Pair = tuple[Object, Object]
"""An object before and after."""


def inject(arguments: Namespace) -> int:
    if arguments.serve:
        return _serve(arguments)
    if not arguments.filename:
        raise CommandError("nothing to inject into: name manifests with --filename, or start the webhook with --serve")
    before = [document for name in arguments.filename for document in _documents(name)]
    done = _changed(arguments, before)
    for note in done.notes:
        print(f"sentinel: left as it is: {note}", file=sys.stderr)
    for hint in done.hints:
        print(f"sentinel: {hint}", file=sys.stderr)
    pairs = [pair for pair in zip(before, done.documents, strict=True) if _is_shown(pair[0], arguments.only)]
    print(OUTPUTS[arguments.output](pairs), end="")
    if before == done.documents and not done.notes:
        print("sentinel: nothing to change", file=sys.stderr)
    return 1 if done.notes else 0


def _changed(arguments: Namespace, before: list[Object]) -> manifests.Changed:
    names = frozenset(arguments.name)
    try:
        return (
            manifests.remove(before, names) if arguments.remove else manifests.inject(before, _plan(arguments), names)
        )
    except (AttributeError, KeyError, TypeError) as odd:
        raise CommandError(
            f"an object is not as Kubernetes has it ({odd!r}); see kubectl apply --dry-run=server"
        ) from odd


def _serve(arguments: Namespace) -> int:
    """Runs until SIGTERM; its log is one JSON line an event, on stderr."""
    from sentinel.app.logs import JsonLines

    try:
        from sentinel.inject.running import Injector, Options
    except ImportError as error:
        raise CommandError("the webhook needs the extra inject: pip install 'sentinel-sidecar[inject]'") from error
    of_cluster = (arguments.secret, arguments.webhook, arguments.service)
    if not arguments.certificate and not all((*of_cluster, arguments.namespace)):
        raise CommandError("--serve needs --certificate, or --secret, --webhook, --service and --namespace together")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    options = Options(arguments.serve, arguments.telemetry, arguments.namespace, arguments.certificate, *of_cluster)
    asyncio.run(Injector(options, _plan(arguments)).run())
    return 0


def _plan(arguments: Namespace) -> Plan:
    given = {
        words.MODEL: arguments.model,
        words.VERSION: arguments.model_version,
        words.PORT: arguments.port,
        words.LISTEN: arguments.listen,
        words.CONFIG: arguments.config_map,
        words.REFERENCE: arguments.reference,
    }
    defaults = {annotation: value for annotation, value in given.items() if value}
    return Plan(_template(arguments), defaults, arguments.namespace)


def _template(arguments: Namespace) -> Template:
    template = read(Path(arguments.pod)) if arguments.pod else built_in(_version(arguments.kubernetes))
    if arguments.config:
        template = with_settings(template, read_yaml(Path(arguments.config)))
    image = {"image": arguments.image} if arguments.image else {}
    return replace(template, container={**template.container, **image})


def _version(text: str) -> tuple[int, int]:
    if not text:
        return NATIVE_FROM
    major, _, minor = text.removeprefix("v").partition(".")
    if not major.isdigit() or not minor.split(".")[0].isdigit():
        raise CommandError(f"--kubernetes: {text} is no version such as 1.28")
    return int(major), int(minor.split(".")[0])


def _documents(name: str) -> Iterator[Object]:
    """Every object in a file, in the files of a folder, or on standard input; those of a List one by one."""
    if name == "-":
        yield from _parsed(name, sys.stdin.read())
        return
    path = Path(name)
    found = sorted(file for ending in ENDINGS for file in path.rglob(ending)) if path.is_dir() else [path]
    for file in found:
        yield from _parsed(str(file), file.read_text(encoding="utf-8"))


def _parsed(name: str, text: str) -> Iterator[Object]:
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise CommandError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        items = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
        for item in items or []:
            if not isinstance(item, dict) or not isinstance(item.get("metadata", {}), dict):
                raise CommandError(f"{name} holds something that is no Kubernetes object")
            yield item


def _is_shown(document: Object, only: str | None) -> bool:
    return only is None or (document.get("kind") == SERVICE) == (only == "services")


def _diff(pairs: list[Pair]) -> str:
    return "".join(line for before, after in pairs for line in _changed_lines(before, after))


def _changed_lines(before: Object, after: Object) -> Iterator[str]:
    name = f"{before.get('kind')}/{(before.get('metadata') or {}).get('name', '')}"
    old, new = (dumped(document).splitlines(keepends=True) for document in (before, after))
    return difflib.unified_diff(old, new, f"{name} before", f"{name} after")


def _yaml(pairs: list[Pair]) -> str:
    return "---\n".join(dumped(after) for _, after in pairs)


def _kustomize(pairs: list[Pair]) -> str:
    return dumped(manifests.as_component((before for before, _ in pairs), (after for _, after in pairs)))


OUTPUTS: dict[str, Callable[[list[Pair]], str]] = {"diff": _diff, "yaml": _yaml, "kustomize": _kustomize}


class _Readable(yaml.SafeDumper):
    """Text of several lines as a block."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def dumped(document: Object) -> str:
    text: str = yaml.dump(document, Dumper=_Readable, sort_keys=False, width=120)
    return text
