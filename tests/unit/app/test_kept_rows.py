"""Rows are kept only where asked, as they are counted: what is dropped, hashed or redacted never gets that far."""

import json

from sentinel.app.pipeline import Pipeline, PipelineOptions
from sentinel.decode import DecodeOptions
from sentinel.traffic import Exchange, Message
from sentinel.windows.kept import KeptRows

_JSON = {"content-type": "application/json"}


def exchange(at: float, rows: list[dict[str, object]]) -> Exchange:
    asked = {"instances": rows}
    answered = {"predictions": [0.5 for _ in rows]}
    return Exchange(
        "http/1.1",
        "POST",
        "/v1/models/fraud:predict",
        200,
        Message(_JSON, json.dumps(asked).encode()),
        Message(_JSON, json.dumps(answered).encode()),
        at,
        0.01,
        0.005,
    )


def kept(options: PipelineOptions, windows: int = 1) -> list[KeptRows]:
    pipeline = Pipeline(None, options)
    for i in range(windows):
        row = {"amount": float(i), "iban": "DE89370400440532013000", "name": "Ann", "by": "ann@example.com"}
        pipeline.exchange(exchange(60.0 * i + 1, [row, row, row]))
    pipeline.close_all()
    return pipeline.take_kept()


def test_nothing_is_kept_unless_asked() -> None:
    assert kept(PipelineOptions("fraud")) == []


def test_rows_are_kept_after_drop_hash_and_redaction() -> None:
    decode = DecodeOptions(drop=("iban",), hash=("name",), hash_key="k")
    (sample,) = kept(PipelineOptions("fraud", keep_rows=2, decode=decode))
    assert (sample.key.model, sample.seen, len(sample.rows)) == ("fraud", 3, 2)
    assert sample.rows[0]["amount"] == 0.0
    text = repr(sample)
    assert not [secret for secret in ("DE89", "Ann", "ann@example.com") if secret in text]
    assert len(sample.predictions) == 1
    assert sample.rows[0][sample.predictions[0]] == 0.5


def test_each_window_has_a_sample_of_its_own_and_is_told_once() -> None:
    pipeline = Pipeline(None, PipelineOptions("fraud", keep_rows=1))
    for i in range(3):
        pipeline.exchange(exchange(60.0 * i + 1, [{"amount": i}]))
        pipeline.close_due(60.0 * i)
    pipeline.close_all()
    assert [sample.start for sample in pipeline.take_kept()] == [0.0, 60.0, 120.0]
    assert pipeline.take_kept() == []
