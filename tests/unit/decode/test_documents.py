"""docs/protocols.md names every decoder and every reason, docs/features.md every derived feature."""

from pathlib import Path

from sentinel.decode import DECODERS, Reason
from sentinel.features.derived import ASPECTS

DOCS = Path(__file__).parents[3] / "docs"


def test_protocols_page_is_complete():
    page = (DOCS / "protocols.md").read_text()
    for name in DECODERS:
        assert f"`{name}`" in page or f"`…{name.removeprefix('tfserving_grpc')}`" in page, name
    for reason in Reason:
        assert f"`{reason.value}`" in page, reason


def test_features_page_is_complete():
    page = (DOCS / "features.md").read_text()
    for aspect in ASPECTS:
        assert f"`{aspect}" in page or aspect.startswith("projection_"), aspect
