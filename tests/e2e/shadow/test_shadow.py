"""The serving ONNX model beside its int8 twins, over real processes: the good one is proven equivalent, the badly
calibrated one different, and a dead one delays nobody.
"""

import json
import socket
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import httpx

from sentinel.demo.model import BADLY_QUANTISED, WELL_QUANTISED
from tests.support.decode_grpc import V2
from tests.support.processes import wait_until
from tests.support.shadow_grpc import asked, grpc_server, said
from tests.support.shadow_served import bodies, model_server, version_path
from tests.support.sidecar_process import Sidecar, configuration, running

REQUESTS = 800
PATH = "/v2/models/employment/infer"
FAST = {"allow_http": True, "max_per_second": 2000, "concurrency": 8, "margin_ratio": 0.02, "false_ratio": 0.05}


def shadowed(folder: Path, upstream: str, url: str, **shadow: Any) -> dict[str, Any]:
    capture = {"sample_ratio": 1.0, "max_samples_per_second": 1e6, "shadow": FAST | {"url": url} | shadow}
    return configuration(folder, upstream, capture=capture)


def serve(sidecar: Sidecar, requests: list[bytes]) -> list[int]:
    """Statuses of all requests, over one connection."""
    with httpx.Client(base_url=f"http://127.0.0.1:{sidecar.traffic}", timeout=120) as client:
        return [
            client.post(PATH, content=body, headers={"content-type": "application/json"}).status_code
            for body in requests
        ]


def told(sidecar: Sidecar) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/v1/shadow", timeout=120) as answer:
        found: list[dict[str, Any]] = json.load(answer)["shadows"]
        return found


def mirrored(sidecar: Sidecar) -> dict[str, float]:
    return sidecar.metrics("sentinel_shadow_requests_total", "outcome")


def all_mirrored(sidecar: Sidecar) -> dict[str, float]:
    wait_until(lambda: sum(mirrored(sidecar).values()) == REQUESTS, "every request to be mirrored or dropped")
    return {outcome: count for outcome, count in mirrored(sidecar).items() if count}


def test_a_good_int8_twin_is_proven_equivalent(demo_folder: Path, tmp_path: Path) -> None:
    with model_server(demo_folder) as server:
        document = shadowed(tmp_path, server, f"http://{server}{version_path(WELL_QUANTISED)}")
        with running(tmp_path, document) as sidecar:
            assert set(serve(sidecar, bodies(REQUESTS))) == {200}
            assert set(all_mirrored(sidecar)) <= {"learning", "compared"}
            wait_until(
                lambda: sidecar.metrics("sentinel_shadow_verdict", "verdict").get("equivalent") == 1, "the proof"
            )
            (found,) = told(sidecar)
            page = urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/", timeout=120).read().decode()
    assert (found["version"], found["candidate_version"], found["verdict"]) == ("1", WELL_QUANTISED, "equivalent")
    assert found["differing_ratio_bounds"][1] < FAST["margin_ratio"]
    assert found["outputs"]["label"]["agreement_ratio"] > 0.98
    assert 0 < found["outputs"]["probability"]["difference_sd"]["p99"] < 0.1
    assert all(0 < found["latency_seconds"][side]["p50"] < 1 for side in ("reference", "candidate"))
    assert "Second model" in page
    assert "Fewer than 2.00% of rows differ" in page
    with sqlite3.connect(tmp_path / "sentinel.db") as store:
        audit = store.execute("SELECT outcome FROM audit WHERE action = 'shadow.verdict'").fetchall()
    assert audit == [("equivalent",)]


def test_a_badly_calibrated_twin_is_found_different(demo_folder: Path, tmp_path: Path) -> None:
    with model_server(demo_folder) as server:
        document = shadowed(tmp_path, server, f"http://{server}{version_path(BADLY_QUANTISED)}")
        with running(tmp_path, document) as sidecar:
            assert set(serve(sidecar, bodies(REQUESTS))) == {200}
            all_mirrored(sidecar)
            wait_until(lambda: [found["verdict"] for found in told(sidecar)] == ["different"], "the verdict")
            (found,) = told(sidecar)
    assert found["differing_ratio_bounds"][0] > 0.3
    assert "most often in label" in found["explanation"]


def test_a_second_model_that_never_answers_holds_nobody_up(demo_folder: Path, tmp_path: Path) -> None:
    requests = bodies(300)
    with model_server(demo_folder) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        document = shadowed(tmp_path, server, url, timeout_seconds=0.5, max_waiting_bytes=100_000)
        with running(tmp_path, document) as sidecar:
            assert set(serve(sidecar, requests)) == {200}
            assert sidecar.settled(len(requests))["analysed"] == len(requests)
            wait_until(lambda: sum(mirrored(sidecar).values()) == len(requests), "every request to be accounted for")
            outcomes = {outcome for outcome, count in mirrored(sidecar).items() if count}
            wait_until(lambda: [found["verdict"] for found in told(sidecar)] == ["unknown"], "the verdict")
            (found,) = told(sidecar)
    assert outcomes == {"no_answer", "dropped"}
    assert "got no answer" in found["explanation"]


def test_grpc_calls_are_mirrored_to_a_grpc_server(tmp_path: Path) -> None:
    with grpc_server(lambda value: value) as (server, _), grpc_server(lambda value: value) as (second, heard):
        document = shadowed(tmp_path, server, "", grpc_url=f"http://{second}")
        with running(tmp_path, document) as sidecar:
            with grpc.insecure_channel(f"127.0.0.1:{sidecar.traffic}") as channel:
                call = channel.unary_unary(V2, request_serializer=bytes, response_deserializer=bytes)
                answers = [call(asked(float(number % 7)), timeout=10) for number in range(REQUESTS)]
            assert answers[:2] == [said(0.0), said(1.0)]
            assert set(all_mirrored(sidecar)) <= {"learning", "compared"}
            wait_until(lambda: [found["verdict"] for found in told(sidecar)] == ["equivalent"], "the proof")
            (found,) = told(sidecar)
    assert (found["version"], found["candidate_version"]) == ("7", "7")
    assert heard.mirrored == REQUESTS


def test_a_restart_goes_on_with_the_evidence(demo_folder: Path, tmp_path: Path) -> None:
    with model_server(demo_folder) as server:
        document = shadowed(tmp_path, server, f"http://{server}{version_path(WELL_QUANTISED)}")
        with running(tmp_path, document) as sidecar:
            serve(sidecar, bodies(REQUESTS))
            all_mirrored(sidecar)
        with running(tmp_path, document) as sidecar:
            serve(sidecar, bodies(1))
            wait_until(lambda: bool(told(sidecar)), "what was known before")
            (found,) = told(sidecar)
    assert found["pairs"] >= REQUESTS - 100, "all but those from which the spread of the values was learnt"
    assert found["verdict"] == "equivalent"
