import pytest

from sentinel.decode import Decoded, DecodeOptions, decode
from sentinel.decode.redaction import redacted
from tests.support.decode_wire import made, posted

SECRETS = {
    "email": ["bob@example.com", "first.last+tag@mail.example.co.uk", "ü.müller@exämple.de"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "6011000990139424"],
    "phone": [
        "+44 20 7946 0958",
        "+1 (415) 555-2671",
        "(415) 555-2671",
        "415-555-2671",
        "020 7946 0958",
        "+4930901820",
    ],
    "token": [
        "Bearer abcdefghijklmnop",
        "api_key=0123456789abcdef",
        "password: hunter2hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN",
        "sk-proj-abcdefghijklmnopqrst",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghijkl",
        "hf_abcdefghijklmnopqrst",
    ],
}
PLANTED = [(kind, secret) for kind, secrets in SECRETS.items() for secret in secrets]
HARMLESS = [
    "New Zealand",
    "2026-11-22T10:00:00Z",
    "2026-11-22 10:00:00",
    "4111 1111 1111 1112",  # no card: the sum is wrong
    "order 1234567",
    "3.14159265358979",
    "192.168.100.200",
    "see 3 @ 5",
    "tiny-llama@main",
    "550e8400-e29b-41d4-a716-446655440000",
    "tokenise this",
    "class_12345",
]


@pytest.mark.parametrize(("kind", "secret"), PLANTED)
@pytest.mark.parametrize("around", ["{}", "Write to {}, please.", "a {} b", "({})", "x\n{}\ny"])
def test_each_secret_is_replaced_by_its_kind(kind, secret, around):
    found = redacted(around.format(secret))
    assert secret not in found
    assert f"[{kind}]" in found


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text):
    assert redacted(text) == text


RUNS = ("a", "a@", "eyJ", "1 ", "+1", ".", "token=", "bearer ", "sk-", "a.b-c+", "0-", "api_key ", " ", "4 11-")


@pytest.mark.parametrize("run", RUNS)
def test_hostile_text_takes_linear_time(run):
    """A pattern that took quadratic time would spend hours here."""
    assert len(redacted(run * (1_000_000 // len(run)))) <= 8_000_000


CALLS = {
    "v2": lambda s: posted(
        "/v2/models/m/infer",
        {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [s]}]},
        {"outputs": [{"name": "y", "shape": [1], "datatype": "BYTES", "data": [s]}]},
    ),
    "v1": lambda s: posted("/v1/models/m:predict", {"instances": [{"note": s, s: 1}]}, {"predictions": [{"label": s}]}),
    "plain": lambda s: posted("/score", {"note": s, s: {"deep": s}}, {"label": s, s: 1}),
    "chat": lambda s: posted(
        "/v1/chat/completions",
        {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": s}]}]},
        {"choices": [{"message": {"content": s}, "finish_reason": "stop"}]},
    ),
    "responses": lambda s: posted(
        "/v1/responses",
        {"model": "m", "input": s},
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": s}]}], "status": "completed"},
    ),
    "embeddings": lambda s: posted(
        "/v1/embeddings", {"model": "m", "input": [s]}, {"data": [{"embedding": [1.0, 2.0]}]}
    ),
}


@pytest.mark.parametrize(("kind", "secret"), PLANTED)
@pytest.mark.parametrize("call", CALLS)
def test_no_planted_secret_leaves_a_decoder(call, kind, secret):
    found = decode(CALLS[call](secret))
    assert isinstance(found, Decoded)
    assert secret not in repr(found)


def test_names_of_models_and_ids_hold_no_secret():
    sent = posted("/v2/models/bob@example.com/infer", {}, {})
    assert decode(sent).model == "[email]"
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    answer = {"id": "sk-proj-abcdefghijklmnop", "model": "bob@example.com", "choices": [{"message": {"content": "x"}}]}
    found = decode(posted("/v1/chat/completions", body, answer))
    assert (found.request_id, found.version) == ("[token]", "[email]")


def test_no_planted_secret_is_in_a_refusal():
    for body in (b'{"inputs": "bob@example.com"}', b"bob@example.com", b'{"bob@example.com"'):
        assert "bob" not in repr(decode(made("POST", "/v2/models/m/infer", body, body)))


def test_dropped_and_hashed_fields():
    sent = posted(
        "/score", {"user": {"id": "u-17", "age": 41}, "geo": [1.5, 2.5], "name": "Ann", "n": 3}, {"y": 1, "why": "Ann"}
    )
    options = DecodeOptions(drop=("user", "geo", "why"), hash=("name", "n"), hash_key="k")
    found = decode(sent, options)
    assert isinstance(found, Decoded)
    assert set(found.inputs) == {"name", "n"}
    assert set(found.predictions) == {"y"}
    (name,) = found.inputs["name"]
    assert len(name) == 16
    assert "Ann" not in repr(found)
    again, other = decode(sent, options), decode(sent, DecodeOptions(hash=("name",), hash_key="other"))
    assert again.inputs["name"] == [name]
    assert other.inputs["name"] != [name]


def test_redaction_may_be_turned_off():
    found = decode(posted("/score", {"note": "bob@example.com"}, 1), DecodeOptions(redact=False))
    assert found.inputs["note"] == ["bob@example.com"]
