"""`sentinel doctor` over real sockets, files and databases: what is wrong is found, and only that."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import yaml
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sentinel.reference.files import save
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.switches import disabled_setting
from sentinel.store import open_store
from sentinel.store.contract import WindowRecord
from tests.support.cli import sentinel
from tests.support.judge_world import columns, reference, window

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
DEAD = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    return reference(rows=5_000)


class _Ready(BaseHTTPRequestHandler):
    """/readyz of a sidecar; `status` is set by the test."""

    status, said = 200, b"ready\n"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def telemetry() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), type("Ready", (_Ready,), {}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def place(tmp_path: Path, frozen: FrozenReference, telemetry: HTTPServer) -> Iterator[Path]:
    """A folder where everything is as it should be: model server, store with windows, reference, target, telemetry."""
    save(frozen, tmp_path / "reference.sentinel")
    (tmp_path / "secret").write_text(SECRET + "\n")
    store_windows(tmp_path, frozen)
    with socket.create_server(("127.0.0.1", 0)) as model:
        settings = {
            "relay": [{"listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{model.getsockname()[1]}"}],
            "reference": {"path": "reference.sentinel"},
            "telemetry": {"listen": f"127.0.0.1:{telemetry.server_port}"},
            "rollback": {
                "mode": "enforce",
                "targets": [{"name": "deployer", "url": "https://deploy.invalid", "secret_file": "secret"}],
            },
        }
        write(tmp_path, settings)
        yield tmp_path


def store_windows(place: Path, frozen: FrozenReference, without: str = "", **more: Any) -> None:
    data = columns(np.random.default_rng(3), 50)
    data.pop(without, None)
    closed = window(frozen, data | more, 0)
    began = time.time() - 600
    with closing(open_store(f"sqlite:///{place}/sentinel.db")) as store:
        store.commit_window(WindowRecord(replace(closed, start=began, end=began + 300)))


def write(place: Path, settings: dict[str, Any]) -> None:
    (place / "sentinel.yaml").write_text(yaml.safe_dump(settings))


def change(place: Path, **groups: Any) -> None:
    write(place, yaml.safe_load((place / "sentinel.yaml").read_text()) | groups)


def examined(place: Path) -> tuple[int, dict[str, list[str]]]:
    """Exit code, and the sentences about what is wrong by part."""
    done = sentinel("doctor", "--json", cwd=place)
    answer = json.loads(done.stdout)
    wrong: dict[str, list[str]] = {}
    for finding in answer["findings"]:
        if finding["status"] == "wrong":
            assert finding["remedy"]
            wrong.setdefault(finding["about"], []).append(finding["sentence"])
    assert answer["healthy"] is not bool(wrong)
    return done.returncode, wrong


def test_all_is_well(place: Path) -> None:
    assert examined(place) == (0, {})
    done = sentinel("doctor", cwd=place)
    assert done.stdout.endswith("nothing is wrong\n")
    assert "WRONG" not in done.stdout


def test_settings_that_cannot_be_read_are_the_first_thing(place: Path) -> None:
    change(place, window={"second": 3})
    assert examined(place) == (1, {"configuration": ["window.second: unknown key; did you mean seconds?"]})


def test_a_model_server_that_is_away_is_mended_first(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    change(place, relay=[{"upstream": f"127.0.0.1:{port}"}])
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"upstream"})
    assert "mend first: upstream: start the model server" in sentinel("doctor", cwd=place).stdout


def test_a_second_model_is_asked(place: Path, telemetry: HTTPServer) -> None:
    shadow = {"url": f"http://127.0.0.1:{telemetry.server_address[1]}", "allow_http": True}
    change(place, capture={"shadow": shadow})
    assert examined(place) == (0, {})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        shadow["url"] = f"http://127.0.0.1:{taken.getsockname()[1]}"
    change(place, capture={"shadow": shadow})
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"second model"})
    assert "cannot be asked: no connection" in wrong["second model"][0]


def test_features_that_never_arrive_are_named(place: Path, frozen: FrozenReference) -> None:
    (place / "sentinel.db").unlink()
    store_windows(place, frozen, without="country", region=np.array(["N"] * 50, dtype=object))
    assert examined(place) == (1, {"reference": ["features that never arrive: country"]})
    assert "columns of the traffic that it does not know: region" in sentinel("doctor", cwd=place).stdout


def test_traffic_counted_against_another_reference(place: Path) -> None:
    save(reference(rows=4_000, seed=2), place / "reference.sentinel")
    assert examined(place) == (1, {"reference": ["no rows of the last day were counted against it"]})


def test_a_damaged_reference_and_a_foreign_store(place: Path) -> None:
    (place / "reference.sentinel").write_bytes(b"no reference")
    (place / "sentinel.db").write_bytes(b"no database, but long enough to be looked at " * 10)
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"store", "reference"})


def test_a_target_without_a_usable_secret_or_gone(place: Path) -> None:
    (place / "secret").write_text("hunter2\n")
    with closing(open_store(f"sqlite:///{place}/sentinel.db")) as store:
        store.put_setting(disabled_setting("deployer"), "410 Gone")
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"rollback"})
    assert any("secret" in sentence for sentence in wrong["rollback"])
    assert "target deployer is not asked any more: 410 Gone" in wrong["rollback"]
    assert "hunter2" not in str(wrong)


def test_a_sidecar_that_is_not_ready(place: Path, telemetry: HTTPServer) -> None:
    telemetry.RequestHandlerClass.status = 503  # type: ignore[attr-defined]
    telemetry.RequestHandlerClass.said = b"not ready: the store is away\n"  # type: ignore[attr-defined]
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"telemetry"})
    assert "not ready: the store is away" in wrong["telemetry"][0]


def test_nothing_is_made_where_nothing_was(tmp_path: Path) -> None:
    sentinel("doctor", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- others that are asked ----------------------------------------------------------------------------------------


class _Receiver(BaseHTTPRequestHandler):
    """A webhook receiver that verifies with the reference library; `status` is what it says to a good one."""

    status = 200
    taken: list[dict[str, Any]]

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = Webhook(SECRET).verify(raw, dict(self.headers.items()))
            self.taken.append(event)
            self.send_response(self.status)
        except WebhookVerificationError:
            self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Prometheus(BaseHTTPRequestHandler):
    """Answers one query with `up` of some targets."""

    up: list[str]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = json.dumps({"data": {"result": [{"value": [0, value]} for value in self.up]}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def http(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def aimed(place: Path, url: str, secret: str = "secret") -> None:
    target = {"name": "deployer", "url": url, "secret_file": secret, "allow_http": True, "timeout_seconds": 5}
    change(place, rollback={"mode": "enforce", "targets": [target]})


def delivery(place: Path) -> dict[str, Any]:
    answer = json.loads(sentinel("doctor", "--send-test", "--json", cwd=place).stdout)
    (found,) = [finding for finding in answer["findings"] if finding["about"] == "delivery"]
    return found


def test_a_test_delivery_is_signed_and_asks_for_nothing(place: Path) -> None:
    handler = type("Receiver", (_Receiver,), {"taken": []})
    with http(handler) as url:
        aimed(place, url)
        assert examined(place) == (0, {})
        assert handler.taken == [], "nothing is sent unless asked for"  # type: ignore[attr-defined]
        assert delivery(place)["sentence"] == "target deployer took a signed test (200)"
    (event,) = handler.taken  # type: ignore[attr-defined]
    assert event["type"] == "dev.sentinel.test.v1"
    assert event["data"]["action"] == "test"
    assert not {"model", "from_version", "to_version"} & event["data"].keys()


@pytest.mark.parametrize(("status", "level"), [(401, "wrong"), (400, "note"), (503, "wrong"), (204, "fine")])
def test_what_a_target_says_to_a_test(place: Path, status: int, level: str) -> None:
    with http(type("Receiver", (_Receiver,), {"taken": [], "status": status})) as url:
        aimed(place, url)
        found = delivery(place)
    assert found["status"] == level
    assert str(status) in found["sentence"]


def test_another_secret_and_a_target_that_is_away(place: Path) -> None:
    (place / "other").write_text("whsec_" + "b" * 32 + "\n")
    with http(type("Receiver", (_Receiver,), {"taken": []})) as url:
        aimed(place, url, "other")
        assert "refuses our signature" in delivery(place)["sentence"]
    found = delivery(place)
    assert (found["status"], "unreachable" in found["sentence"]) == ("wrong", True)


@pytest.mark.parametrize(
    ("up", "level", "words"),
    [
        (["1", "1"], "fine", "scrapes 2 sidecars"),
        (["1", "0"], "wrong", "cannot reach 1 of 2 sidecars"),
        ([], "wrong", "scrapes nothing as job sentinel"),
    ],
)
def test_prometheus_is_asked_whether_it_scrapes(place: Path, up: list[str], level: str, words: str) -> None:
    handler = type("Prometheus", (_Prometheus,), {"up": up, "asked": []})
    with http(handler) as url:
        done = json.loads(sentinel("doctor", "--prometheus", url, "--json", cwd=place).stdout)
    (found,) = [finding for finding in done["findings"] if finding["about"] == "prometheus"]
    assert found["status"] == level
    assert words in found["sentence"]
    assert "job%3D%22sentinel%22" in handler.asked[0]  # type: ignore[attr-defined]


def test_a_prometheus_that_is_away(place: Path) -> None:
    change(
        place, telemetry=yaml.safe_load((place / "sentinel.yaml").read_text())["telemetry"] | {"prometheus_url": DEAD}
    )
    code, wrong = examined(place)
    assert (code, wrong.keys()) == (1, {"prometheus"})
