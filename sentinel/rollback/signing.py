"""Standard Webhooks signatures, and the secrets they need.

A secret file holds one secret a line; the first is the newest, and every one signs, so that receivers can change
over without a gap. `whsec_<base64>` is an HMAC key, `whsk_<base64>` an ed25519 private key (extra `ed25519`), anything
else the bytes of an HMAC key as they stand. The file is read for every attempt: a rotated secret needs no restart.
Source: Standard Webhooks 1.0, "Signature scheme". Secrets appear in no repr, log or error.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

MOST_FILE_BYTES = 16_384
"""A secret file is a few lines; a larger one is a mistake in the path."""
FEWEST_KEY_BYTES = 16
"""Below 128 bits a key could be guessed."""
ED25519_SEED_BYTES = 32


class SecretError(Exception):
    """A secret cannot be used; the message names the file and never the content."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One key. kind: `v1` (HMAC-SHA256) or `v1a` (ed25519), as signatures are marked."""

    kind: Literal["v1", "v1a"]
    key: bytes = field(repr=False)

    def signature(self, content: bytes) -> str:
        raw = hmac.digest(self.key, content, hashlib.sha256) if self.kind == "v1" else _ed25519(self.key, content)
        return f"{self.kind},{base64.b64encode(raw).decode()}"


def read_secrets(path: str) -> tuple[Secret, ...]:
    """The secrets in a file, newest first. Raises SecretError when there is none to use."""
    lines = [line.strip() for line in read_secret_text(path).splitlines()]
    secrets = tuple(_secret(line, path) for line in lines if line and not line.startswith("#"))
    if not secrets:
        raise SecretError(f"{path} holds no secret; write one a line, such as whsec_ and 32 random bytes in base64")
    return secrets


def read_secret_text(path: str) -> str:
    """A small text file that holds a secret. Raises SecretError."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MOST_FILE_BYTES + 1)
        if len(raw) > MOST_FILE_BYTES:
            raise SecretError(f"{path} is larger than {MOST_FILE_BYTES} bytes and so no secret file")
        return raw.decode()
    except OSError as error:
        raise SecretError(f"cannot read the secret file {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not text") from None


def _secret(line: str, path: str) -> Secret:
    if line.startswith("whsk_"):
        key = _decoded(line.removeprefix("whsk_"), path)
        if len(key) not in (ED25519_SEED_BYTES, 2 * ED25519_SEED_BYTES):
            raise SecretError(f"{path} holds a whsk_ key that is not 32 or 64 bytes long")
        return Secret("v1a", key[:ED25519_SEED_BYTES])
    key = _decoded(line.removeprefix("whsec_"), path) if line.startswith("whsec_") else line.encode()
    if len(key) < FEWEST_KEY_BYTES:
        raise SecretError(f"{path} holds a secret shorter than {FEWEST_KEY_BYTES} bytes; make a longer one")
    return Secret("v1", key)


def _decoded(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise SecretError(f"{path} holds a secret that is not base64 after its prefix") from None


def _ed25519(seed: bytes, content: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise SecretError("a whsk_ key needs the ed25519 extra: pip install 'sentinel-sidecar[ed25519]'") from None
    return Ed25519PrivateKey.from_private_bytes(seed).sign(content)


def signed_headers(secrets: Sequence[Secret], message_id: str, at: float, body: bytes) -> dict[str, str]:
    """The three Standard Webhooks headers for one attempt at time `at` (seconds since the epoch)."""
    timestamp = str(int(at))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(secret.signature(content) for secret in secrets),
    }


def traceparent(message_id: str, attempt: int) -> str:
    """W3C trace context: one trace for all attempts of a message, one span for each."""
    trace = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    span = hashlib.sha256(f"{message_id} {attempt}".encode()).hexdigest()[:16]
    return f"00-{trace}-{span}-01"
