"""A receiver of rollback requests over real TCP (and TLS) that fails as told, and acts once per id as receivers should.

It speaks HTTP by hand, so that it can hang, answer slowly, or cut the connection at a chosen byte.
"""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "c2VudGluZWwgdGVzdCBzZWNyZXQgMzIgYnl0ZXMgISE="


@dataclass(frozen=True)
class Received:
    """One request: method, path, headers (lower case), body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def verify(self, secret: str = SECRET) -> None:
        """Raises unless the reference library accepts the signature."""
        Webhook(secret).verify(self.body, dict(self.headers))


Writer = asyncio.StreamWriter
Behaviour = Callable[["Receiver", Received, Writer], Awaitable[None]]


@dataclass
class Receiver:
    """behaviours: one for each request, the last repeats. accepted: ids acted upon, each at most once."""

    behaviours: list[Behaviour]
    requests: list[Received] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    address: str = ""
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __call__(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await read_request(reader)
            behaviour = self.behaviours[min(len(self.requests), len(self.behaviours) - 1)]
            self.requests.append(request)
            await behaviour(self, request, writer)
        writer.close()
        self._tasks.discard(task)

    def act(self, request: Received) -> bool:
        """Do the rollback unless this id was acted upon before; whether it was done now."""
        request.verify()
        identity = request.headers["webhook-id"]
        if identity in self.accepted:
            return False
        self.accepted.append(identity)
        return True

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


async def answer(writer: Writer, status: int, headers: str = "", body: bytes = b"") -> None:
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


def status(code: int, headers: str = "") -> Behaviour:
    """Answer with this status; 2xx acts."""

    async def behave(receiver: Receiver, request: Received, writer: Writer) -> None:
        if 200 <= code < 300:
            receiver.act(request)
        await answer(writer, code, headers)

    return behave


async def accept(receiver: Receiver, request: Received, writer: Writer) -> None:
    """Act on the first request of an id; 409 on the others."""
    await answer(writer, 200 if receiver.act(request) else 409)


async def accept_then_hang(receiver: Receiver, request: Received, writer: Writer) -> None:
    """Act, and answer too late to be heard."""
    receiver.act(request)
    await asyncio.sleep(3600)


async def hang(_receiver: Receiver, _request: Received, _writer: Writer) -> None:
    await asyncio.sleep(3600)


async def accept_then_cut(receiver: Receiver, request: Received, writer: Writer) -> None:
    """Act on the body, then reset the connection instead of answering."""
    receiver.act(request)
    writer.transport.abort()


async def accept_with_endless_body(receiver: Receiver, request: Received, writer: Writer) -> None:
    """Act, answer 200, and never stop talking."""
    receiver.act(request)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def babble(_receiver: Receiver, _request: Received, writer: Writer) -> None:
    """Answer with something that is not HTTP."""
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def receiving(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver listening on loopback while the block runs."""
    receiver = Receiver(list(behaviours))
    server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    receiver.address = f"{'https' if tls else 'http'}://localhost:{port}/rollback"
    try:
        yield receiver
    finally:
        server.close()
        await receiver.stop()
        await server.wait_closed()


def certificate(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """A server context with a self-signed certificate for `host`, and the file of its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{host}.pem", folder / f"{host}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
