"""Addresses of a second model that cannot work are said before anything starts."""

from typing import Any

import pytest

from sentinel.app.checks import problems
from sentinel.config.settings import CaptureSettings, Settings, ShadowSettings


@pytest.mark.parametrize(
    ("shadow", "words"),
    [
        (ShadowSettings(url="int8:8080"), "is no address; write https://host:port"),
        (ShadowSettings(url="http://int8:8080"), "is plain http; use https or set allow_http: true"),
        (ShadowSettings(grpc_url="grpc://int8:9000"), "is no address; write https://host:port"),
        (ShadowSettings(grpc_url="http://int8:9000"), "is plain http; use https or set allow_http: true"),
        (ShadowSettings(grpc_url="https://int8:9000/v2"), "a gRPC call's path is its method: leave it out"),
        (ShadowSettings(url="https://int8", authorization_file="/nowhere"), "cannot read /nowhere"),
    ],
)
def test_what_cannot_work(shadow: ShadowSettings, words: str) -> None:
    (problem,) = problems(Settings(capture=CaptureSettings(shadow=shadow)))
    assert problem.path.startswith("capture.shadow.")
    assert words in problem.message


@pytest.mark.parametrize(
    "values", [{}, {"url": "https://int8"}, {"grpc_url": "https://int8/"}, {"url": "http://int8:1", "allow_http": True}]
)
def test_what_works(values: dict[str, Any]) -> None:
    assert problems(Settings(capture=CaptureSettings(shadow=ShadowSettings(**values)))) == []
