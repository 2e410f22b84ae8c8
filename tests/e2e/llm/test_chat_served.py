"""A chat model behind the running sidecar, streaming over TCP: what it took is counted as it was, and refusals page."""

import csv
import http.client
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.store import open_store
from tests.support.llm_server import QUEUE_MILLISECONDS, LlmServer, llm_server
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

TTFT = "sentinel_gen_ai_server_time_to_first_token_seconds"
ROWS = 1200
CALM, REFUSING = 300, 400


def prompt(number: int) -> str:
    return f"Please tell me about item {number % 50} of the harbour, how it was found and by whom."


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with llm_server() as server:
        yield server


def ask(sidecar: Sidecar, number: int, *, stream: bool = True, leave_after: int = 0) -> bytes:
    """One call over a connection of its own; `leave_after`: bytes of the answer after which the client leaves."""
    messages = [{"role": "user", "content": prompt(number)}]
    body = json.dumps({"model": "tides", "stream": stream, "messages": messages})
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.traffic, timeout=120)
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.read(leave_after) if leave_after else response.read()
    except http.client.IncompleteRead as cut:
        return cut.partial
    finally:
        connection.close()


def page(sidecar: Sidecar) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/", timeout=120) as answer:
        return answer.read().decode()


def test_tokens_times_and_ends_are_counted_as_they_were(llm: LlmServer, tmp_path: Path) -> None:
    llm.first_seconds, llm.gap_seconds = 0.05, 0.005
    with running(tmp_path, configuration(tmp_path, llm.address, window={"seconds": 1.0})) as sidecar:
        for number in range(3):
            ask(sidecar, number)
        llm.usage = False
        ask(sidecar, 3)
        ask(sidecar, 4, stream=False)
        llm.break_off = 5
        ask(sidecar, 5)
        ask(sidecar, 6, leave_after=1500)
        sidecar.settled(7)
        whole, unsaid, plain = llm.calls[:3], llm.calls[3], llm.calls[4]
        tokens = sidecar.metrics("sentinel_tokens_total", "direction")
        assert tokens["input"] == sum(call.prompt_tokens for call in [*whole, plain])
        estimated = sidecar.total("sentinel_gen_ai_estimated_tokens_total")
        assert tokens["output"] - estimated == sum(len(call.tokens) for call in [*whole, plain])
        assert estimated >= len(unsaid.tokens) + 5 + 1  # of the broken streams as many as came
        assert sidecar.total("sentinel_gen_ai_cached_tokens_total") == 2 * 4
        assert sidecar.total("sentinel_gen_ai_aborted_total") == 2
        assert sidecar.metrics("sentinel_gen_ai_finish_reasons_total", "reason") == {"stop": 5}
        assert sidecar.metrics("sentinel_gen_ai_calls_total", "streamed") == {"true": 6, "false": 1}
        assert sidecar.total("sentinel_gen_ai_queue_seconds_sum") == pytest.approx(7 * QUEUE_MILLISECONDS / 1000)
        streams = [call for call in llm.calls if call.streamed]
        assert sidecar.total(f"{TTFT}_count") == len(streams)
        assert sidecar.total(f"{TTFT}_sum") >= sum(call.first_token for call in streams) - 0.001 * len(streams)
        wait_until(lambda: "Time to first token" in page(sidecar), "the card of the language model")
    store = open_store(f"sqlite:///{tmp_path / 'sentinel.db'}")
    stored = [found.window.generation for found in store.windows(model="tides")]
    store.close()
    assert sum(counts.calls for counts in stored) == 7
    assert sum(counts.aborted for counts in stored) == 2
    assert sum(sum(counts.first_token.values()) for counts in stored) == len(streams)


def reference(folder: Path, llm: LlmServer) -> Path:
    """Built from a table of texts as a user would, by the command."""
    with (folder / "chats.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["prompt", "answer", "finish_reason"])
        table.writerows([prompt(number), " ".join(llm.answer()), "stop"] for number in range(ROWS))
    path = folder / "chats.sentinel"
    command = [sys.executable, "-m", "sentinel.cli", "reference", "build", str(folder / "chats.csv"), "--name", "tides"]
    roles = ["--prediction", "answer", "--prediction", "finish_reason"]
    subprocess.run([*command, *roles, "--output", str(path)], check=True)
    return path


def test_a_model_that_starts_to_refuse_pages_and_is_named_as_such(llm: LlmServer, tmp_path: Path) -> None:
    path = reference(tmp_path, llm)
    document = configuration(tmp_path, llm.address, reference={"path": str(path)}, window={"seconds": 1.0})
    document["capture"]["max_samples_per_second"] = 100_000
    with running(tmp_path, document) as sidecar:
        for number in range(CALM):
            ask(sidecar, number)
        sidecar.settled(CALM)
        assert sidecar.total("sentinel_incidents_total") == 0
        llm.refusing = 0.6
        for number in range(REFUSING):
            ask(sidecar, number)
        wait_until(lambda: sidecar.total("sentinel_incidents_total") == 1, "the page")
        assert sidecar.metrics("sentinel_incidents_total", "cause")["prediction_drift"] == 1
        told = page(sidecar)
    store = open_store(f"sqlite:///{tmp_path / 'sentinel.db'}")
    (incident,) = store.incidents()
    store.close()
    assert {"answer.refusal", "answer.tokens"} & set(incident.features)
    assert all(feature.startswith("answer.") for feature in incident.features)
    assert "answer.refusal" in told
    assert "sorry" not in told
