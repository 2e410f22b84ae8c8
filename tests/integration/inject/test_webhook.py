"""The webhook as a process, over TLS, asked as an API server asks it; and as nobody should."""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.inject.certificates import Issued, issue
from sentinel.inject.server import MOST_BYTES
from tests.support.helm_chart import manifests, one
from tests.support.helm_schemas import check
from tests.support.inject_process import NAMES as NAMES_OF_SERVICE
from tests.support.inject_process import Webhook, made, put, read_answer, webhook
from tests.support.inject_reviews import INJECTED, NAMES, again, patched, review, sidecar_of
from tests.support.kube_tools import attempt
from tests.support.processes import DEADLINE_SECONDS, wait_until


@pytest.fixture(scope="module")
def issued() -> Issued:
    return made()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, issued: Issued) -> Iterator[Webhook]:
    folder = tmp_path_factory.mktemp("webhook")
    put(folder / "tls", issued)
    with webhook(folder, "--certificate", str(folder / "tls")) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_each_review_is_answered_and_the_second_pass_changes_nothing(
    running: Webhook, issued: Issued, name: str
) -> None:
    asked = review(name)
    status, answer = running.ask(json.dumps(asked).encode(), issued.authorities)
    assert status == 200
    assert ("patch" in answer["response"]) is (name in INJECTED)
    changed = patched(asked, answer)
    check(changed)
    status, second = running.ask(json.dumps(again(asked, changed)).encode(), issued.authorities)
    assert (status, "patch" in second["response"]) == (200, False)
    assert patched(again(asked, changed), second) == changed


def test_who_does_not_trust_the_authority_does_not_connect(running: Webhook) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), running.connected(made().authorities):
        pass


def test_go_takes_the_certificate_as_an_api_server_would(running: Webhook, issued: Issued, tmp_path: Path) -> None:
    """kubectl verifies as the API server does, both being Go; it is answered, with a 404, or does not connect."""
    renewed = issue(NAMES_OF_SERVICE, datetime.now(UTC), issued.authorities)
    for authorities, said in ((renewed.authorities, "not find"), (made().authorities, "x509")):
        (tmp_path / "ca.crt").write_bytes(authorities)
        trust = ["--certificate-authority", tmp_path / "ca.crt", "--tls-server-name", NAMES_OF_SERVICE[0]]
        where = ["--server", f"https://127.0.0.1:{running.port}", "--token", "none"]
        assert said in attempt("kubectl", *where, *trust, "get", "--raw", "/nothing").stderr


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"request": {"uid": 1}}'])
def test_what_is_no_review_is_a_4xx(running: Webhook, issued: Issued, body: bytes) -> None:
    status, answer = running.ask(body, issued.authorities)
    assert status == 400
    assert answer["error"]


def test_a_body_too_large_is_refused_without_being_kept(running: Webhook, issued: Issued) -> None:
    status, answer = running.ask(b" " * (MOST_BYTES + 1), issued.authorities)
    assert status == 413
    assert str(MOST_BYTES) in answer["error"]


def test_a_body_that_does_not_come_is_given_up(running: Webhook, issued: Issued) -> None:
    before = running.count('sentinel_injection_rejections_total{reason="slow"}')
    with running.connected(issued.authorities) as connection:
        connection.settimeout(DEADLINE_SECONDS)
        connection.sendall(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        status, answer = read_answer(connection)
    assert status == 408
    assert "did not arrive" in answer["error"]
    assert running.count('sentinel_injection_rejections_total{reason="slow"}') == before + 1


def test_clear_text_and_noise_leave_it_answering(running: Webhook, issued: Issued) -> None:
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b""):
        with socket.create_connection(("127.0.0.1", running.port), DEADLINE_SECONDS) as connection:
            connection.sendall(noise)
    body = json.dumps(review("pod-of-a-deployment")).encode()
    assert running.ask(body, issued.authorities)[0] == 200


def test_outcomes_are_counted(running: Webhook, issued: Issued) -> None:
    before = running.count('sentinel_injections_total{outcome="injected"}')
    running.ask(json.dumps(review("pod-of-a-deployment")).encode(), issued.authorities)
    assert running.count('sentinel_injections_total{outcome="injected"}') == before + 1


def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    first, second = made(), made()
    put(tmp_path / "tls", first)
    body = json.dumps(review("pod-of-a-deployment")).encode()
    failures = "sentinel_injector_certificate_failures_total"

    def meets(authorities: bytes) -> bool:
        try:
            return running.ask(body, authorities)[0] == 200
        except ssl.SSLCertVerificationError:
            return False

    with (
        webhook(tmp_path, "--certificate", str(tmp_path / "tls")) as running,
        running.connected(first.authorities) as open_before,
    ):
        assert meets(first.authorities)
        put(tmp_path / "tls", Issued(second.certificate, first.key, second.authorities))
        wait_until(lambda: running.count(failures) > 0, "the pair that does not fit to be noticed")
        assert meets(first.authorities)
        put(tmp_path / "tls", second)
        wait_until(lambda: meets(second.authorities), "the new certificate to be served")
        open_before.sendall(b"POST /mutate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        open_before.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert read_answer(open_before)[0] == 200


def test_the_webhook_runs_as_the_chart_renders_it(tmp_path: Path) -> None:
    """Its arguments, template and settings; a folder stands in for the container, free ports for its own."""
    issued = made()
    values = {"injector": {"enabled": True, "certManager": {"enabled": True}}, "image": {"tag": "7"}}
    found = manifests(values)
    for name, text in one(found, "ConfigMap", "fraud-sentinel-injector")["data"].items():
        (tmp_path / name).write_text(text)
    put(tmp_path / "tls", issued)
    container = one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    arguments = [text.replace("/etc/sentinel", str(tmp_path)) for text in container["args"]]
    own = [text for text in arguments if not text.startswith(("inject", "--serve=", "--telemetry="))]
    assert len(own) == len(arguments) - 3
    asked = review("pod-of-a-statefulset")
    with webhook(tmp_path, *own) as running:
        status, answer = running.ask(json.dumps(asked).encode(), issued.authorities)
    assert status == 200
    assert sidecar_of(patched(asked, answer))["image"].endswith(":7")
