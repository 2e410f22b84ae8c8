import pytest

from sentinel.decode import identify
from sentinel.decode.paths import route


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/models/iris/infer", ("iris", "")),
        ("/v2/models/iris/versions/7/infer", ("iris", "7")),
        ("/serving/team/v2/models/iris/infer", ("iris", "")),
        ("/v1/models/x:predict", ("x", "")),
        ("/v1/models/x/versions/3:predict", ("x", "3")),
        ("/v1/models/x/labels/canary:regress", ("x", "canary")),
        ("/predictions/tiny", ("tiny", "")),
        ("/predictions/tiny/2.0?x=1", ("tiny", "2.0")),
        ("/v2/models/credit%20risk/infer", ("credit risk", "")),
        ("/score", None),
        ("/v2/health/live", None),
        ("/v2/models/iris/ready", None),
        ("/" + "a" * 10_000, None),
    ],
)
def test_model_and_version_of_a_path(path, expected):
    assert identify("POST", path) == expected
    assert identify("GET", path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/healthz",
        "/ping",
        "/metrics",
        "/v2",
        "/v2/models/m",
        "/v2/models/m/stats",
        "/v2/repository/index",
        "/docs",
        "/tokenize",
        "/detokenize",
    ],
)
def test_paths_of_no_inference(path):
    assert not route("POST", path).inference


def test_long_and_unprintable_names_are_cut():
    model, version = identify("POST", f"/v2/models/{'m' * 500}/versions/a%0Ab%00/infer") or ("", "")
    assert (model, version) == ("m" * 128, "ab")
