"""TLS at the listener and to the model server: traffic is followed all the same, and bad files are one sentence."""

import http.client
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from sentinel.config import parse
from sentinel.relay.supervisor import run
from tests.support.relay_processes import sidecar, wait_for
from tests.support.relay_upstreams import echo, upstream

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    path.write_text(path.with_suffix(".key").read_text() + path.with_suffix(".crt").read_text())
    return path


def test_both_ends_speak_tls_and_exchanges_are_seen(tmp_path: Path, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            echo(encrypted)

    with upstream(serve) as server:
        listener = {
            "listen": "127.0.0.1:0", "upstream": server, "certificate_file": str(certificate), "upstream_tls": True,
            "upstream_ca_file": str(certificate),
        }  # fmt: skip
        with sidecar(tmp_path, server, relay=[listener], capture=ALL) as running:
            trusting = ssl.create_default_context(cafile=certificate)
            client = http.client.HTTPSConnection(*running.address, context=trusting, timeout=120)
            for size in (1, 1000, 500_000):
                client.request("POST", "/p", b"x" * size)
                assert client.getresponse().read() == b"x" * size
            client.close()
            wait_for(lambda: len(running.heard("exchange")) == 3, "the exchanges")
    assert running.account["analysed"] == 3


def test_a_server_that_cannot_be_trusted_is_a_refusal(tmp_path: Path, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).recv(1)

    with upstream(serve) as server:
        listener = {"listen": "127.0.0.1:0", "upstream": server, "upstream_tls": True}
        with sidecar(tmp_path, server, relay=[listener], capture=ALL) as running:
            client = socket.create_connection(running.address, timeout=120)
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert running.account["received"] == 1


def test_a_file_that_is_no_certificate_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    listener = {"listen": "127.0.0.1:0", "certificate_file": str(wrong)}
    assert run(parse({"relay": [listener]})) == 1
    assert capsys.readouterr().err.startswith(f"cannot speak TLS on 127.0.0.1:0 with {wrong}: ")
