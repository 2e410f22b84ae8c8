"""The documents' Python runs, page by page, in the order in which it stands there."""

import base64
import datetime
import json
from pathlib import Path

import numpy as np
import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.snippets import snippets

PAGES = sorted({snippet.page for snippet in snippets("python")})
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()


def a_table() -> dict[str, object]:
    draw = np.random.default_rng(7)
    return {"columns": {"amount": draw.normal(size=400), "comment": ["quick and friendly service, thank you"] * 400}}


def a_webhook() -> dict[str, object]:
    body = json.dumps({"data": {"model": "fraud", "to_version": "1"}})
    now = datetime.datetime.now(datetime.UTC)
    headers = {
        "webhook-id": "w-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("w-1", now, body),
    }
    deployed: list[tuple[str, str]] = []
    return {
        "secret": SECRET,
        "raw_body": body,
        "headers": headers,
        "remember": lambda _: True,
        "deploy": lambda *version: deployed.append(version),
        "deployed": deployed,
    }


def a_folder() -> dict[str, object]:
    """Two CSV files in training/."""
    Path("training").mkdir()
    for name in ("a", "b"):
        Path("training", f"{name}.csv").write_text("amount\n" + "\n".join(map(str, range(400))))
    return {}


GIVEN = {
    "README.md": a_table,
    "docs/features.md": a_table,
    "docs/rollback.md": a_webhook,
    "docs/scale.md": a_folder,
}
"""What a page takes for granted: the reader's own data."""


@pytest.mark.parametrize("page", PAGES)
def test_every_example_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = GIVEN.get(page, dict)()
    for snippet in snippets("python", page=page):
        exec(compile(snippet.text, str(snippet), "exec"), names)
    assert names.get("deployed", [()]), "the webhook's receiver did nothing"
