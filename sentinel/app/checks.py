"""What is wrong with settings beyond their types: files they name and words only one layer understands."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from sentinel.config import Problem, Settings
from sentinel.decode import DECODERS
from sentinel.decode.options import OutputKind
from sentinel.decode.pointer import tokens
from sentinel.drift.budget import Tolerance
from sentinel.rollback.http import server_tls
from sentinel.rollback.policy import problems as policy_problems
from sentinel.rollback.targets.building import target_problems


def problems(settings: Settings) -> list[Problem]:
    """Everything found, each with its dotted path."""
    return [problem for check in CHECKS for problem in check(settings)]


def _files(settings: Settings) -> list[Problem]:
    rollback = settings.rollback
    named = [
        ("admin.token_file", settings.admin.token_file),
        ("capture.shadow.authorization_file", settings.capture.shadow.authorization_file),
        ("capture.shadow.ca_file", settings.capture.shadow.ca_file),
        ("decode.hash_key_file", settings.decode.hash_key_file),
        ("reference.path", settings.reference.path),
        ("rollback.alertmanager_token_file", rollback.alertmanager_token_file),
        ("rollback.flagger_token_file", rollback.flagger_token_file),
    ]
    for i, target in enumerate(rollback.targets):
        named.append((f"rollback.targets[{i}].secret_file", target.secret_file))
        named.append((f"rollback.targets[{i}].ca_file", target.ca_file))
    return [problem for path, name in named if name and (problem := _unreadable(path, name))]


def _unreadable(path: str, name: str) -> Problem | None:
    try:
        with Path(name).open("rb"):
            return None
    except OSError as error:
        return Problem(path, f"cannot read {name}: {error.strerror}")


def _decode(settings: Settings) -> list[Problem]:
    chosen = settings.decode
    words = [
        ("decode.protocol", chosen.protocol, ("auto", *DECODERS)),
        *((f"decode.outputs.{name}", kind, get_args(OutputKind)) for name, kind in chosen.outputs.items()),
    ]
    unknown = [
        Problem(path, f"{word!r} is none of {', '.join(known)}") for path, word, known in words if word not in known
    ]
    pointers = [
        ("decode.rows_pointer", chosen.rows_pointer),
        ("decode.predictions_pointer", chosen.predictions_pointer),
    ]
    return unknown + [problem for path, pointer in pointers if (problem := _unpointed(path, pointer))]


def _unpointed(path: str, pointer: str) -> Problem | None:
    try:
        tokens(pointer)
        return None
    except ValueError as error:
        return Problem(path, str(error))


def _tolerance(settings: Settings) -> list[Problem]:
    try:
        Tolerance.parse(settings.drift.tolerance)
    except ValueError as error:
        return [Problem("drift.tolerance", str(error))]
    return []


def _admin(settings: Settings) -> list[Problem]:
    try:
        server_tls(settings.admin)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        return [Problem("admin.certificate_file", f"cannot be served: {error}")]
    return []


def _shadow(settings: Settings) -> list[Problem]:
    shadow = settings.capture.shadow
    problems = [
        Problem(f"capture.shadow.{name}", why)
        for name, url in (("url", shadow.url), ("grpc_url", shadow.grpc_url))
        if url and (why := _no_address(url, shadow.allow_http))
    ]
    if not problems and urlsplit(shadow.grpc_url).path.strip("/"):
        problems.append(
            Problem("capture.shadow.grpc_url", "has a path; a gRPC call's path is its method: leave it out")
        )
    return problems


def _no_address(url: str, allow_http: bool) -> str:
    """What is wrong with an address that requests are to be sent to; "" if nothing."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{url!r} is no address; write https://host:port"
    if parts.scheme == "http" and not allow_http:
        return "is plain http; use https or set allow_http: true"
    return ""


def _rollback(settings: Settings) -> list[Problem]:
    return policy_problems(settings.rollback) + target_problems(settings.rollback)


def _features(settings: Settings) -> list[Problem]:
    problems = []
    for i, network in enumerate(settings.features.trusted_proxies):
        try:
            ip_network(network)
        except ValueError as error:
            problems.append(Problem(f"features.trusted_proxies[{i}]", f"is no network such as 10.0.0.0/8: {error}"))
    return problems


CHECKS: tuple[Callable[[Settings], list[Problem]], ...] = (
    _files,
    _decode,
    _features,
    _tolerance,
    _admin,
    _shadow,
    _rollback,
)
