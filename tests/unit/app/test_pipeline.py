"""From exchanges to windows: each row in one window, each window closed once, everything accounted for."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sentinel.app.pipeline import GRACE_SECONDS, QUIET_WINDOWS, Pipeline, PipelineOptions
from sentinel.app.replay import windows_of_exchanges
from sentinel.decode import DecodeOptions
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic import Exchange, Message, Route, RouteTraffic, bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.whole import WholeRows

START = 1_767_225_600.0
INFER = Route("POST", "/v2/models/fraud/infer", "http/1.1")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def reference() -> FrozenReference:
    generator = np.random.default_rng(1)
    columns = {"amount": generator.normal(size=2000), "score": generator.uniform(size=2000)}
    return build(columns, name="fraud", version="1", predictions=["score"])


def pipeline(reference: FrozenReference | None = None, seconds: float = 60.0, version_header: str = "") -> Pipeline:
    decode = DecodeOptions(version_header=version_header)
    return Pipeline(reference, PipelineOptions(model="fraud", replica="pod-0", window_seconds=seconds, decode=decode))


def tensor(name: str, values: list[float]) -> dict[str, object]:
    return {"name": name, "shape": [len(values)], "datatype": "FP64", "data": values}


def exchange(at: float, version: str = "1", rows: int = 2, status: int = 200) -> Exchange:
    asked = {"inputs": [tensor("amount", [0.1] * rows)]}
    answered = {"model_name": "fraud", "model_version": version, "outputs": [tensor("score", [0.5] * rows)]}
    return Exchange(
        protocol="http/1.1",
        method="POST",
        target=INFER.path,
        status=status,
        request=Message(JSON, json.dumps(asked).encode()),
        response=Message(JSON, json.dumps(answered).encode() if status == 200 else b"{}"),
        started_at=at,
        duration_seconds=0.01,
        first_byte_seconds=0.005,
    )


def busy(windows: list[ClosedWindow]) -> list[ClosedWindow]:
    return [window for window in windows if window.traffic.received]


def test_a_row_counts_in_the_window_in_which_its_exchange_ended(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.exchange(exchange(START + 59.985))
    subject.exchange(exchange(START + 59.995))
    first, second = busy(subject.close_due(START + 121))
    assert (first.start, first.end, first.rows) == (START, START + 60, 2)
    assert (second.start, second.rows) == (START + 60, 2)


def test_nothing_closes_before_the_grace_is_over_and_nothing_twice(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.exchange(exchange(START))
    assert subject.close_due(START + 60 + GRACE_SECONDS / 2) == []
    assert len(subject.close_due(START + 60 + GRACE_SECONDS)) == 1
    assert subject.close_due(START + 60 + GRACE_SECONDS) == []
    assert subject.seconds_to_close(START + 60 + GRACE_SECONDS) == pytest.approx(60)


def test_what_comes_late_counts_in_the_window_open_then(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.exchange(exchange(START))
    subject.close_due(START + 61)
    subject.exchange(exchange(START + 1))
    (window,) = busy(subject.close_due(START + 121))
    assert (window.start, window.rows) == (START + 60, 2)


def test_an_earlier_life_has_closed_its_windows(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.resume(START + 60)
    subject.exchange(exchange(START + 30))
    assert [window.start for window in busy(subject.close_due(START + 121))] == [START + 60]


def test_versions_have_windows_of_their_own_and_share_all_traffic(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    for i in range(30):
        subject.exchange(exchange(START + i, version="2" if i % 3 == 0 else "1"))
    subject.route_traffic(INFER, RouteTraffic(codes={"2xx": 300}, latency={5: 300}), START + 30)
    subject.passed_over(270, {"channel_full": 9}, START + 30)
    one, two = sorted(busy(subject.close_due(START + 61)), key=lambda window: window.key.version)
    assert (one.key.version, two.key.version) == ("1", "2")
    assert (one.traffic.codes["2xx"], two.traffic.codes["2xx"]) == (200, 100)
    assert one.traffic.sampled_out + two.traffic.sampled_out == 270
    for traffic in (one.traffic, two.traffic):
        accounted = traffic.analysed + traffic.sampled_out + sum(traffic.dropped.values())
        assert traffic.received == accounted + sum(traffic.undecodable.values())


CHAT = Route("POST", "/v1/chat/completions", "http/1.1")


def chat(at: float, model: str, status: int = 200) -> Exchange:
    asked = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    answered = {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}
    sent = exchange(at, status=status)
    return replace(
        sent,
        target=CHAT.path,
        request=Message(JSON, json.dumps(asked).encode()),
        response=Message(JSON, json.dumps(answered).encode()),
    )


def test_traffic_on_a_path_without_a_model_is_that_of_the_models_in_the_samples() -> None:
    """Language models are named in the body: nothing must be left for the name of the settings."""
    subject = pipeline()
    subject.passed_over(5, {}, START)
    subject.route_traffic(CHAT, RouteTraffic(codes={"2xx": 5}, latency={5: 5}), START)
    for i in range(30):
        subject.exchange(chat(START + i, "large" if i % 3 == 0 else "small"))
    subject.exchange(chat(START + 30, "small", status=500))
    subject.route_traffic(CHAT, RouteTraffic(codes={"2xx": 300}, latency={5: 300}), START + 30)
    subject.passed_over(310, {}, START + 30)
    found = {window.key.model: window.traffic for window in busy(subject.close_due(START + 61))}
    assert found.keys() == {"large", "small"}
    assert sum(traffic.codes["2xx"] for traffic in found.values()) == 305
    assert found["large"].codes["2xx"] in (100, 105)
    assert sum(traffic.sampled_out for traffic in found.values()) == 315
    assert {window.key.model for window in subject.close_due(START + 121)} == {"large", "small"}


def test_a_model_named_by_the_path_claims_what_was_passed_over_before_its_first_sample() -> None:
    subject = Pipeline(None, PipelineOptions(model="model", window_seconds=60.0))
    subject.passed_over(9, {}, START)
    subject.route_traffic(INFER, RouteTraffic(codes={"2xx": 10}, latency={5: 10}), START)
    subject.exchange(exchange(START + 1))
    (window,) = subject.close_due(START + 61)
    assert (window.key.model, window.traffic.sampled_out, window.traffic.codes) == ("fraud", 9, {"2xx": 10})
    assert {window.key.model for window in subject.close_due(START + 121)} == {"fraud"}


def test_a_nameless_model_beside_a_named_one_keeps_its_own_traffic() -> None:
    subject = pipeline()
    plain = Route("POST", "/score", "http/1.1")
    body = Message(JSON, b'{"amount": 1.5}')
    for i in range(10):
        sent = replace(exchange(START + i), target=plain.path, request=body, response=Message(JSON, b'{"score": 0.5}'))
        subject.exchange(sent)
        other = exchange(START + i)
        answered = other.response.body.replace(b"fraud", b"other")
        subject.exchange(replace(other, target="/v2/models/other/infer", response=Message(JSON, answered)))
    subject.route_traffic(plain, RouteTraffic(codes={"2xx": 70}, latency={5: 70}), START + 30)
    found = {window.key.model: window.traffic for window in busy(subject.close_due(START + 61))}
    assert found["fraud"].codes == {"2xx": 70}


def test_errors_are_those_of_the_version_that_gave_them(reference: FrozenReference) -> None:
    """One version answers well, the other only with errors, which name it in a header."""
    subject = pipeline(reference, version_header="X-Version")
    for i in range(30):
        failing = i % 3 == 0
        answered = exchange(START + i, version="1", status=500 if failing else 200)
        named = replace(answered.response, headers=JSON | {"x-version": "2" if failing else "1"})
        subject.exchange(replace(answered, response=named, duration_seconds=0.5 if failing else 0.01))
    latency = {bucket_of(0.5): 100, bucket_of(0.01): 200}
    subject.route_traffic(INFER, RouteTraffic(codes={"2xx": 200, "5xx": 100}, latency=latency), START + 30)
    one, two = sorted(busy(subject.close_due(START + 61)), key=lambda window: window.key.version)
    assert (one.traffic.codes, two.traffic.codes) == ({"2xx": 200}, {"5xx": 100})
    assert (one.traffic.latency, two.traffic.latency) == ({bucket_of(0.01): 200}, {bucket_of(0.5): 100})
    assert (two.rows, two.traffic.undecodable) == (0, {"error_response": 10})


def test_replayed_exchanges_of_two_versions_are_counted_with_their_own() -> None:
    """Each is a count of one: split by shares, all would go to the version with more."""
    sent = [exchange(START + i / 10, "2" if i % 3 == 0 else "1") for i in range(300)]
    one, two = busy(list(windows_of_exchanges(sent, None, PipelineOptions(model="fraud", window_seconds=60.0))))
    assert (one.traffic.codes, one.traffic.received) == ({"2xx": 200}, 200)
    assert (two.traffic.codes, two.traffic.received) == ({"2xx": 100}, 100)


def test_errors_by_grpc_status_are_those_of_the_version_that_gave_them(reference: FrozenReference) -> None:
    """Their HTTP status is 200; the relay counts them as 5xx."""
    subject = pipeline(reference, version_header="X-Version")
    for i in range(30):
        failing = i % 3 == 0
        answered = exchange(START + i, version="1")
        named = replace(answered.response, headers=JSON | {"x-version": "2" if failing else "1"})
        subject.exchange(replace(answered, response=named, grpc_status=13 if failing else None))
    subject.route_traffic(INFER, RouteTraffic(codes={"2xx": 200, "5xx": 100}), START + 30)
    one, two = sorted(busy(subject.close_due(START + 61)), key=lambda window: window.key.version)
    assert (one.traffic.codes, two.traffic.codes) == ({"2xx": 200}, {"5xx": 100})


def test_errors_and_unreadable_samples_are_counted_with_their_reason(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.exchange(exchange(START, status=500))
    subject.unparsed("bad_framing", START)
    (window,) = busy(subject.close_due(START + 61))
    assert window.rows == 0
    assert window.traffic.undecodable == {"error_response": 1, "bad_framing": 1}
    assert window.traffic.received == 2


def test_traffic_before_the_first_named_version_is_that_versions(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.unparsed("bad_framing", START)
    subject.exchange(exchange(START + 1, version="7"))
    (window,) = busy(subject.close_due(START + 61))
    assert (window.key.version, window.traffic.received) == ("7", 2)


def test_health_checks_are_in_no_window(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    parts = subject.route_traffic(Route("GET", "/v2/health/live", "http/1.1"), RouteTraffic(codes={"2xx": 5}), START)
    assert [pair for pair, _ in parts] == [("", "")]
    assert busy(subject.close_due(START + 61)) == []


def test_a_quiet_version_gets_a_few_empty_windows_and_is_forgotten(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    subject.exchange(exchange(START, version="1"))
    subject.exchange(exchange(START + 1, version="2"))
    subject.close_due(START + 61)
    versions = [
        sorted(window.key.version for window in subject.close_due(START + 61 + 60 * i))
        for i in range(1, QUIET_WINDOWS + 3)
    ]
    assert versions[:QUIET_WINDOWS] == [["1", "2"]] * QUIET_WINDOWS
    assert versions[-1] == ["2"]


def test_another_model_is_counted_but_not_against_this_reference(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    other = Pipeline(reference, PipelineOptions(model="other"))
    assert subject.judged("fraud")
    assert not subject.judged("someone-else")
    assert other.judged("fraud")  # the reference names its model


def test_fields_that_the_reference_does_not_know_are_counted(reference: FrozenReference) -> None:
    subject = pipeline(reference)
    asked = {"inputs": [tensor("amount", [0.1, 0.2]), tensor("amuont", [0.1, 0.2])]}
    known = exchange(START)
    for _ in range(3):
        subject.exchange(replace(known, request=Message(JSON, json.dumps(asked).encode())))
    subject.exchange(known)
    (window,) = busy(subject.close_due(START + 61))
    assert window.features.unexpected == {"amuont": 6}


def test_duplicates_and_clients_are_counted(reference: FrozenReference) -> None:
    options = PipelineOptions(model="fraud", replica="pod-0", client_header="x-forwarded-for")
    subject = Pipeline(reference, options)
    known = exchange(START)
    for client in ("10.0.0.1, 10.9.9.9", "10.0.0.1", "10.0.0.2", ""):
        headers = {**JSON, "x-forwarded-for": client} if client else JSON
        subject.exchange(replace(known, request=Message(headers, known.request.body)))
    (window,) = busy(subject.close_due(START + 61))
    assert window.whole == WholeRows(looked=8, repeated=7, told=6, largest=4)
    assert b"10.0.0" not in window.to_bytes()
