"""`sentinel doctor` over real sockets, files and databases: what is wrong is found, and only that."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import yaml

from sentinel.reference.files import save
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.switches import disabled_setting
from sentinel.store import open_store
from sentinel.store.contract import WindowRecord
from tests.support.cli import sentinel
from tests.support.judge_world import columns, reference, window


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
    (tmp_path / "secret").write_text("whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" + "\n")
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
