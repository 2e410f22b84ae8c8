"""Traffic that others push is decoded, judged and counted like relayed traffic."""

import json
import urllib.request
from pathlib import Path

from tests.support.model_stub import model_stub
from tests.support.sidecar_process import configuration, running


def tensor(name: str, values: list[float]) -> dict[str, object]:
    return {"name": name, "shape": [len(values)], "datatype": "FP64", "data": values}


def half(kind: str, identity: str, body: dict[str, object]) -> dict[str, object]:
    """One half of an exchange as KServe's logger sends it."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "http://localhost:9081/",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "inferenceservicename": "fraud",
        "datacontenttype": "application/json",
        "data": body,
    }


def test_pushed_exchanges_are_analysed_and_accounted_for(tmp_path: Path) -> None:
    with model_stub() as stub, running(tmp_path, configuration(tmp_path, stub.address)) as sidecar:
        for i in range(5):
            asked = half("request", f"r{i}", {"inputs": [tensor("amount", [1.0, 2.0])]})
            answered = half("response", f"r{i}", {"model_name": "fraud", "outputs": [tensor("score", [0.1, 0.9])]})
            for event in (asked, answered):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{sidecar.telemetry}/v1/events",
                    json.dumps(event).encode(),
                    {"content-type": "application/cloudevents+json"},
                )
                with urllib.request.urlopen(request) as answer:
                    assert answer.status < 300
        assert sidecar.settled(5)["analysed"] == 5
