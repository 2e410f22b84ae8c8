"""What injection makes of a manifest is run: command, arguments and environment, before a model server."""

from pathlib import Path
from typing import Any

from sentinel.inject.container import Plan
from sentinel.inject.manifests import inject
from sentinel.inject.template import built_in, with_settings
from sentinel.inject.words import LISTEN, MODEL
from tests.support.helm_container import passes, running
from tests.support.inject_reviews import sidecar_of
from tests.support.model_stub import model_stub
from tests.support.ports import free_port
from tests.support.processes import wait_until

GOOD = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}'
EXCHANGES = 10


def deployment(port: int) -> dict[str, Any]:
    container = {"name": "model", "image": "registry.example/m:1", "ports": [{"name": "http", "containerPort": port}]}
    template = {"metadata": {"labels": {"app": "stub"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": "stub"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "stub"}, "spec": spec}


def test_the_injected_sidecar_serves_watches_and_stops(tmp_path: Path) -> None:
    model, traffic, telemetry, admin = (free_port() for _ in range(4))
    settings = {
        "capture": {"sample_ratio": 1},
        "telemetry": {"listen": f"127.0.0.1:{telemetry}"},
        "admin": {"listen": f"127.0.0.1:{admin}"},
        "process": {"drain_seconds": 1},
    }
    plan = Plan(with_settings(built_in(), settings), {LISTEN: str(traffic), MODEL: "007"})
    (after,) = inject([deployment(model)], plan).documents
    container = sidecar_of(after["spec"]["template"])
    with running(tmp_path, container, "") as sidecar:
        wait_until(lambda: passes(container["startupProbe"]), "the startup probe to pass while there is no model")
        wait_until(lambda: passes({"httpGet": {"path": "/readyz", "port": telemetry}}), "the observer to be ready")
        with model_stub(model):
            assert [sidecar.post(GOOD) for _ in range(EXCHANGES)] == [200] * EXCHANGES
            assert sidecar.settled(EXCHANGES)["analysed"] == EXCHANGES
            assert passes(container["readinessProbe"])
    assert (tmp_path / "var/lib/sentinel/sentinel.db").exists()
