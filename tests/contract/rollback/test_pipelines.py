"""GitHub, GitLab and Argo CD against stand-ins of their HTTP APIs, and the configuration that makes targets."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.rollback.retries import Answer, Settled
from sentinel.rollback.targets.building import TYPES, build_targets, target_problems
from sentinel.store import Intent
from tests.support.rollback_cases import NOW
from tests.support.rollback_delivery import shifted_intent
from tests.support.served import served

TOKEN = "an API token of sufficient length"


@dataclass
class FakeApi:
    """Answers as told; keeps what it was asked: (method, path, headers, body)."""

    answers: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        status, body, headers = self.answers.pop(0)
        return (
            web.json_response(body, status=status, headers=headers) if body is not None else web.Response(status=status)
        )


@contextlib.asynccontextmanager
async def asking(
    folder: Path, type_name: str, *answers: tuple[int, Any, dict[str, str]], **options: str
) -> AsyncIterator[tuple[FakeApi, TargetSettings]]:
    token = folder / "token"
    token.write_text(TOKEN)
    api = FakeApi(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    async with served(app) as url:
        yield (
            api,
            TargetSettings(
                name="t", type=type_name, url=url, secret_file=str(token), allow_http=True, options=dict(options)
            ),
        )


async def ask(settings: TargetSettings, intent: Intent | None = None) -> Answer:
    (target,) = build_targets(RollbackSettings(targets=(settings,))).values()
    try:
        return await target.ask(intent or shifted_intent(), 1, NOW)
    except Settled as settled:
        return settled.answer


async def test_github_gets_one_key_and_answers_204(tmp_path: Path) -> None:
    async with asking(tmp_path, "github", (204, None, {}), repository="acme/models") as (api, settings):
        answer = await ask(settings)
    (method, path, headers, body), sent = api.asked[0], json.loads(api.asked[0][3])
    assert (answer.kind, method, path) == ("delivered", "POST", "/repos/acme/models/dispatches")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert list(sent["client_payload"]) == ["sentinel"]
    assert sent["client_payload"]["sentinel"]["data"]["from_version"] == "2"
    assert len(sent["event_type"]) <= 100
    assert len(body) < 65_535


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {}, "final"),
        (404, {}, "final"),
        (422, {}, "final"),
        (403, {}, "final"),
        (403, {"Retry-After": "60"}, "retry"),
        (429, {}, "retry"),
        (500, {}, "retry"),
    ],
)
async def test_github_refusals(tmp_path: Path, status: int, headers: dict[str, str], kind: str) -> None:
    answers = (status, {"message": "No"}, headers)
    async with asking(tmp_path, "github", answers, repository="acme/models") as (_, settings):
        answer = await ask(settings)
    assert (answer.kind, answer.detail) == (kind, "No")


async def test_a_retry_after_that_is_a_date_is_counted_from_now(tmp_path: Path) -> None:
    moment = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)
    answers = (429, {"message": "slow down"}, {"retry-after": moment})
    async with asking(tmp_path, "github", answers, repository="acme/models") as (_, settings):
        assert (await ask(settings)).retry_after_seconds == 90


async def test_gitlab_gets_variables_and_no_field_that_it_would_read_as_a_branch(tmp_path: Path) -> None:
    async with asking(tmp_path, "gitlab", (201, {"id": 7}, {}), project="acme/models", ref="prod") as (api, settings):
        answer = await ask(settings)
    from urllib.parse import parse_qs

    method, path, headers, body = api.asked[0]
    form = {key: values[0] for key, values in parse_qs(body.decode(), strict_parsing=True).items()}
    assert (answer.kind, method, path) == ("delivered", "POST", "/api/v4/projects/acme%2Fmodels/trigger/pipeline")
    assert (form["token"], form["ref"], form["variables[SENTINEL_TO_VERSION]"]) == (TOKEN, "prod", "1")
    assert json.loads(form["variables[SENTINEL_EVENT]"])["data"]["action"] == "rollback"
    assert "Authorization" not in headers
    assert TOKEN not in path


def application(*ids: int, automated: bool = False, deployed: float = NOW - 5000) -> dict[str, Any]:
    moment = datetime.fromtimestamp(deployed, UTC).isoformat().replace("+00:00", "Z")
    policy = {"automated": {"prune": True}} if automated else {}
    history = [{"id": i, "revision": f"sha{i}", "deployedAt": moment} for i in ids]
    return {"spec": {"syncPolicy": policy}, "status": {"history": history}}


async def test_argo_cd_goes_to_the_entry_before_the_current(tmp_path: Path) -> None:
    answers = ((200, application(3, 4, 10), {}), (200, {}, {}))
    async with asking(tmp_path, "argo_cd", *answers, app_namespace="apps", project="ml") as (api, settings):
        answer = await ask(settings)
    assert answer.kind == "delivered"
    assert [(method, path) for method, path, _, _ in api.asked] == [
        ("GET", "/api/v1/applications/fraud?appNamespace=apps&project=ml"),
        ("POST", "/api/v1/applications/fraud/rollback"),
    ]
    assert json.loads(api.asked[1][3]) == {
        "name": "fraud",
        "id": 4,
        "prune": False,
        "dryRun": False,
        "appNamespace": "apps",
        "project": "ml",
    }


@pytest.mark.parametrize(
    ("found", "kind", "word"),
    [
        (application(3, 4, automated=True), "final", "auto_sync"),
        (application(3), "final", "no_revision"),
        (application(), "final", "no_revision"),
        (application(3, 4, deployed=NOW + 10**9), "delivered", "already_done"),
    ],
)
async def test_argo_cd_says_why_not(tmp_path: Path, found: dict[str, Any], kind: str, word: str) -> None:
    async with asking(tmp_path, "argo_cd", (200, found, {})) as (api, settings):
        answer = await ask(settings)
    assert (answer.kind, answer.result, len(api.asked)) == (kind, word, 1)
    assert answer.detail


async def test_argo_cd_refusing_is_told_in_its_own_words(tmp_path: Path) -> None:
    no = {"error": "…", "code": 9, "message": "rollback cannot be initiated when auto-sync is enabled"}
    async with asking(tmp_path, "argo_cd", (200, application(3, 4), {}), (400, no, {})) as (_, settings):
        answer = await ask(settings)
    assert (answer.kind, answer.detail) == ("final", no["message"])


async def test_an_answer_that_is_no_object_is_tried_again(tmp_path: Path) -> None:
    async with asking(tmp_path, "argo_cd", (200, [1], {})) as (_, settings):
        assert (await ask(settings)).kind == "retry"


def test_every_problem_of_the_targets_at_once() -> None:
    targets = (
        TargetSettings(name="a", type="webhok"),
        TargetSettings(name="b", type="github", secret_file="x"),
        TargetSettings(name="b", type="argo_cd"),
    )
    settings = RollbackSettings(targets=targets)
    assert [problem.path for problem in target_problems(settings)] == [
        "rollback.targets[0].type",
        "rollback.targets[1].options.repository",
        "rollback.targets[2].name",
        "rollback.targets[2].url",
        "rollback.targets[2].secret_file",
    ]
    with pytest.raises(ValueError, match="webhok"):
        build_targets(settings)


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_can_be_made_and_keeps_its_name(type_name: str) -> None:
    usable = TargetSettings(
        name="n", type=type_name, url="https://x.example", secret_file="s", options={"repository": "r", "project": "p"}
    )
    made = build_targets(RollbackSettings(targets=(usable, replace(usable, name="m"))))
    assert [(name, target.name, target.timeout_seconds) for name, target in made.items()] == [
        ("n", "n", 15.0),
        ("m", "m", 15.0),
    ]
