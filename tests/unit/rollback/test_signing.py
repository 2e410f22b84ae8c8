"""Signatures as independent code verifies them; secrets in every form, rotated, wrong, and never shown."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sentinel.rollback.signing import SecretError, read_secrets, signed_headers, traceparent

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
BODY = b'{"type":"x","data":{}}'


def headers(path: Path, at: float) -> dict[str, str]:
    return signed_headers(read_secrets(str(path)), "id1", at, BODY)


@pytest.fixture
def now() -> float:
    import time

    return time.time()


def test_the_reference_library_accepts_old_and_new_secret_and_no_other(tmp_path: Path, now: float) -> None:
    file = tmp_path / "secret"
    file.write_text(f"# rotated\n{NEW}\n{OLD}\n")
    signed = headers(file, now)
    for secret in (NEW, OLD):
        Webhook(secret).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(b"other" * 8).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", signed)


def test_a_raw_secret_signs_with_its_bytes(tmp_path: Path, now: float) -> None:
    file = tmp_path / "secret"
    file.write_text("a plain passphrase, long enough\n")
    Webhook(b"a plain passphrase, long enough").verify(BODY, headers(file, now))


def test_the_file_is_read_again(tmp_path: Path, now: float) -> None:
    file = tmp_path / "secret"
    file.write_text(OLD)
    headers(file, now)
    file.write_text(NEW)
    Webhook(NEW).verify(BODY, headers(file, now))


def test_ed25519_is_verified_by_its_public_key(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    seed = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    file = tmp_path / "secret"
    file.write_text(f"whsk_{base64.b64encode(seed).decode()}\n{OLD}")
    signed = headers(file, 1_700_000_000.9)
    asymmetric, symmetric = signed["webhook-signature"].split()
    assert symmetric.startswith("v1,")
    version, _, signature = asymmetric.partition(",")
    assert version == "v1a"
    private.public_key().verify(base64.b64decode(signature), b"id1.1700000000." + BODY)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no secret"),
        ("tiny-one", "shorter than"),
        ("whsec_!!!", "base64"),
        ("whsk_" + base64.b64encode(b"x" * 31).decode(), "32 or 64"),
        ("x" * 20_000, "larger than"),
    ],
)
def test_unusable_secrets_are_refused_without_being_shown(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    with pytest.raises(SecretError, match=words) as raised:
        read_secrets(str(file))
    assert not content or content not in str(raised.value)


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="cannot read"):
        read_secrets(str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(SecretError, match="not text"):
        read_secrets(str(tmp_path / "binary"))


def test_no_secret_in_a_repr(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a plain passphrase, long enough")
    assert "passphrase" not in repr(read_secrets(str(file)))


def test_one_trace_for_all_attempts() -> None:
    first, second = traceparent("id", 1).split("-"), traceparent("id", 2).split("-")
    assert first[1] == second[1]
    assert first[2] != second[2]
    assert [len(part) for part in first] == [2, 32, 16, 2]
