"""What the HTTP interfaces of this package share: who may ask, how the store is asked, how answers look."""

import hmac
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from aiohttp import web

from sentinel.config.settings import AdminSettings, RollbackSettings
from sentinel.rollback.signing import SecretError, read_secret_text
from sentinel.store.contract import AuditRecord, Store

T = TypeVar("T")

answer = partial(web.json_response, headers={"Cache-Control": "no-store"})


class AskStore(Protocol):
    """Runs a function on the store, on the thread that owns it."""

    def __call__(self, use: Callable[[Store], T]) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class Backing:
    """What the handlers work on. clock: seconds since the epoch.

    committed: called after intents were written. decided: told of decisions that were handed to the store.
    """

    ask: AskStore
    settings: RollbackSettings
    clock: Callable[[], float]
    committed: Callable[[], None] = lambda: None
    decided: Callable[[Sequence[AuditRecord]], None] = lambda audit: None


def server_tls(settings: AdminSettings) -> ssl.SSLContext | None:
    """How callers of the admin interface are met; None: clear text. Files are read now, not again.

    With authorities for clients nobody comes past the handshake without a certificate of theirs. Raises OSError or
    ValueError for files that cannot be used.
    """
    if not settings.certificate_file:
        if settings.client_ca_file:
            raise ValueError("client_ca_file needs a certificate_file to serve")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.certificate_file, settings.key_file or None)
    if settings.client_ca_file:
        context.load_verify_locations(settings.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def bearer_problem(headers: Mapping[str, str], token_file: str, setting: str) -> web.Response | None:
    """Why a request may not pass, as an answer; None when its bearer token is the one in the file.

    The file is read every time, so a token can be changed without a restart. No file, no way in.
    """
    if not token_file:
        return answer({"error": f"closed: set {setting} to open it"}, status=403)
    try:
        token = read_secret_text(token_file).strip()
    except SecretError as error:
        return answer({"error": f"closed: {error}"}, status=403)
    if not token:
        return answer({"error": f"closed: {token_file} is empty"}, status=403)
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    return None if same and scheme.lower() == "bearer" else answer({"error": "wrong or missing token"}, status=401)


def text_field(document: Any, name: str) -> str:
    """A text in a JSON object; "" when absent. Raises ValueError for anything else."""
    if not isinstance(document, dict):
        raise ValueError("the body must be a JSON object")
    value = document.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value
