"""The same request to another endpoint: which address, which headers."""

import pytest

from sentinel.shadow.asking import MARK, address, call_of
from sentinel.traffic import Exchange, Message

REQUEST = Message(
    {"content-type": "application/json", "authorization": "Bearer x", "cookie": "y", "x-tenant": "z"}, b"{}"
)


@pytest.mark.parametrize(
    ("url", "went"),
    [
        ("http://b:1", "http://b:1/v2/models/m/infer?a=1"),
        ("http://b:1/", "http://b:1/v2/models/m/infer?a=1"),
        ("http://b:1/v2/models/m8/infer", "http://b:1/v2/models/m8/infer?a=1"),
        ("https://b/p?a=2", "https://b/p?a=2"),
    ],
)
def test_a_path_of_the_endpoint_replaces_the_request_s(url: str, went: str) -> None:
    assert address(url, "/v2/models/m/infer?a=1") == went


def test_no_credentials_go_along_unless_named() -> None:
    exchange = Exchange("http/1.1", "POST", "/p", 200, REQUEST, Message(), 0.0, 0.0, 0.0)
    plain = call_of(exchange, "http://b", (), {})
    assert plain.headers == {"content-type": "application/json", MARK: "1", "accept-encoding": "identity"}
    named = call_of(exchange, "http://b", ("X-Tenant",), {"authorization": "Bearer own"})
    assert named.headers["x-tenant"] == "z"
    assert named.headers["authorization"] == "Bearer own"
