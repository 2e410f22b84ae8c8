"""Where the webhook's certificate comes from, and how a new one takes its place while the server runs.

Of several replicas none leads: the Secret is the truth, and of two that renew it at once the API server lets one.
Order of a renewal: the Secret gets the new pair with both authorities, the webhook's configuration gets both, and only
a look later is the new certificate served. So at any moment the API server trusts what any replica serves.
"""

import asyncio
import base64
import binascii
import json
import logging
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import aiohttp

from sentinel.inject.certificates import Issued, is_due, issue

FILES_SECONDS = 1.0
CLUSTER_SECONDS = 10.0
"""Between two looks at the certificate; the API server hears of a new authority within one."""
RETRY_SECONDS = 2.0
"""After a look that failed: another replica may have been first."""
ANSWER_SECONDS = 10.0
CERTIFICATE, KEY, AUTHORITIES = "tls.crt", "tls.key", "ca.crt"
"""Keys of the Secret and names of the files, as cert-manager writes them."""

Object = dict[str, Any]
Pair = tuple[bytes, bytes]
"""Certificate chain and key, PEM."""

logger = logging.getLogger("sentinel.inject")


class NoCertificate(Exception):
    """There is none to be had now; the sentence says why."""


class Source(Protocol):
    """look_seconds: between two looks."""

    look_seconds: ClassVar[float]

    async def pair(self) -> Pair:
        """What to serve from now on. Raises NoCertificate."""


@dataclass(frozen=True, slots=True)
class Files:
    """tls.crt and tls.key in a folder that another program renews, such as a Secret of cert-manager."""

    folder: Path
    look_seconds: ClassVar[float] = FILES_SECONDS

    async def pair(self) -> Pair:
        try:
            return (self.folder / CERTIFICATE).read_bytes(), (self.folder / KEY).read_bytes()
        except OSError as error:
            raise NoCertificate(f"cannot read {error.filename}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Api:
    """The Kubernetes API server, as a pod's account may use it."""

    session: aiohttp.ClientSession
    base: str
    token_file: Path

    async def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Object:
        """The object in the answer. Raises NoCertificate for anything but success."""
        headers = {"Authorization": f"Bearer {self.token_file.read_text().strip()}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body)
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self.session.request(
                method, self.base + path, data=data, headers=headers, timeout=timeout
            ) as got:
                if got.status >= 400:
                    raise NoCertificate(f"{method} {path}: the API server answered {got.status}")
                found: Object = await got.json()
                return found
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NoCertificate(f"{method} {path}: {error or type(error).__name__}") from error


@dataclass(slots=True)
class InCluster:
    """A certificate made here, kept in a Secret that all replicas read, and made known to the API server.

    secret: path of the Secret. webhook: path of the MutatingWebhookConfiguration. clock: the time now, with a zone.
    """

    api: Api
    secret: str
    webhook: str
    names: tuple[str, ...]
    clock: Callable[[], datetime]
    look_seconds: ClassVar[float] = CLUSTER_SECONDS
    _serving: Pair | None = field(default=None, init=False)

    async def pair(self) -> Pair:
        kept = await self._kept()
        known = await self._make_known(kept.authorities)
        if known or self._serving is None:
            self._serving = kept.certificate, kept.key
        return self._serving

    async def _kept(self) -> Issued:
        """What the Secret holds, renewed if it is due."""
        secret = await self.api.call("GET", self.secret)
        kept = _issued(secret.get("data") or {})
        if kept is not None and not is_due(kept, self.names, self.clock()):
            return kept
        made = issue(self.names, self.clock(), kept.authorities if kept else b"")
        parts = {CERTIFICATE: made.certificate, KEY: made.key, AUTHORITIES: made.authorities}
        secret["data"] = {key: base64.b64encode(value).decode() for key, value in parts.items()}
        await self.api.call("PUT", self.secret, secret)
        logger.info("a certificate was made", extra={"names": self.names})
        return made

    async def _make_known(self, authorities: bytes) -> bool:
        """Whether the API server was told of these authorities before this look."""
        found = await self.api.call("GET", self.webhook)
        wanted = base64.b64encode(authorities).decode()
        bundles = [webhook["clientConfig"].get("caBundle") for webhook in found["webhooks"]]
        if all(bundle == wanted for bundle in bundles):
            return True
        version = {"op": "test", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]}
        patch = [version] + [
            {"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": wanted}
            for index in range(len(bundles))
        ]
        await self.api.call("PATCH", self.webhook, patch, "application/json-patch+json")
        return False


def _issued(data: Mapping[str, str]) -> Issued | None:
    try:
        parts = {key: base64.b64decode(data[key]) for key in (CERTIFICATE, KEY, AUTHORITIES)}
    except (KeyError, binascii.Error):
        return None
    return Issued(parts[CERTIFICATE], parts[KEY], parts[AUTHORITIES])


@dataclass(slots=True)
class Identity:
    """The server's side of TLS. New connections meet the newest certificate; those that are open keep theirs."""

    context: ssl.SSLContext = field(default_factory=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    certificate: bytes = b""

    def use(self, pair: Pair) -> None:
        """Serve it from now on. Raises NoCertificate when certificate and key do not belong together."""
        if pair[0] == self.certificate:
            return
        try:
            _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), pair)
            _load(self.context, pair)
        except (ssl.SSLError, ValueError) as error:
            raise NoCertificate(f"the certificate cannot be used: {error}") from error
        self.certificate = pair[0]


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    """OpenSSL reads from files alone: they live for this call, in a folder for this user only."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in zip((CERTIFICATE, KEY), pair, strict=True):
            (Path(folder) / name).write_bytes(content)
        context.load_cert_chain(Path(folder) / CERTIFICATE, Path(folder) / KEY)


async def keep(identity: Identity, source: Source, heard: Callable[[str], None]) -> None:
    """Look at the source for ever. heard: why a look failed, "" when it did not; the last certificate is served on."""
    while True:
        failure = await look(identity, source)
        heard(failure)
        await asyncio.sleep(RETRY_SECONDS if failure else source.look_seconds)


async def look(identity: Identity, source: Source) -> str:
    """One look; why it failed, or ""."""
    try:
        identity.use(await source.pair())
    except NoCertificate as reason:
        return str(reason)
    except (OSError, KeyError, TypeError) as odd:
        return f"the API server's answer or this pod's account cannot be used: {odd!r}"
    return ""
