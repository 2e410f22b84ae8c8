"""Routes that other systems call: Flagger's hooks and Alertmanager's webhook. They belong on the telemetry listener.

POST /v1/flagger/rollback   200 roll back, 403 healthy
POST /v1/flagger/gate       200 go on, 403 hold
POST /v1/alertmanager       bearer token; 200 with the decisions, 400 unreadable, 503 store away (sent again)
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from sentinel.rollback import alertmanager, answers
from sentinel.rollback.answers import Standing
from sentinel.rollback.desk import Desk
from sentinel.rollback.http import Backing, answer, bearer_problem
from sentinel.rollback.planning import Plan
from sentinel.rollback.signing import SecretError, read_secret_text
from sentinel.store.contract import Store
from sentinel.store.errors import StoreError

logger = logging.getLogger(__name__)

ACTOR = "alertmanager"
Standings = Callable[[str], Standing]
"""model -> what is known of it now."""


def integration_routes(backing: Backing, standing: Standings) -> list[web.RouteDef]:
    """Routes to add to an application."""
    return [
        web.post("/v1/flagger/rollback", partial(_flagger_rollback, backing)),
        web.post("/v1/flagger/gate", partial(_flagger_gate, backing, standing)),
        web.post("/v1/alertmanager", partial(_alertmanager, backing)),
    ]


async def _flagger_rollback(backing: Backing, request: web.Request) -> web.Response:
    call = await _call(backing, request)
    if call is None:
        return _respond(answers.unauthorised())
    settings = backing.settings
    try:
        past = await backing.ask(lambda store: Desk(store, settings).past())
    except Exception:  # whatever fails here, Flagger must not read it as a reason to roll back, nor retry it
        logger.exception("Flagger was told that %s is healthy, for its decisions cannot be read", call.name)
        return answer({"rollback": False, "error": "the decisions cannot be read now"}, status=answers.FORBIDDEN)
    return _respond(answers.rollback(past, answers.model_of(call), backing.clock(), settings.effect_seconds))


async def _flagger_gate(backing: Backing, standing: Standings, request: web.Request) -> web.Response:
    call = await _call(backing, request)
    return _respond(answers.unauthorised() if call is None else answers.gate(standing(answers.model_of(call))))


async def _call(backing: Backing, request: web.Request) -> answers.FlaggerCall | None:
    path = backing.settings.flagger_token_file
    try:
        return answers.read_call(await _body(request), read_secret_text(path).strip() if path else "")
    except (SecretError, ValueError) as error:
        logger.warning("a call by Flagger was refused: %s", error)
        return None


async def _alertmanager(backing: Backing, request: web.Request) -> web.Response:
    token_file = backing.settings.alertmanager_token_file
    if (problem := bearer_problem(request.headers, token_file, "rollback.alertmanager_token_file")) is not None:
        return problem
    try:
        body = await _body(request)
        plan, ignored = await backing.ask(lambda store: _take(store, backing, body))
    except ValueError as error:
        return answer({"error": str(error)}, status=400)
    except StoreError as error:
        return answer({"error": str(error)}, status=503)
    backing.decided(plan.audit)
    if plan.intents:
        backing.committed()
    decided = [
        {"model": d.model, "version": d.from_version, "outcome": d.outcome, "sentence": d.sentence}
        for d in plan.decisions
    ]
    return answer({"decisions": decided, "ignored": list(ignored)})


def _take(store: Store, backing: Backing, body: bytes) -> tuple[Plan, tuple[str, ...]]:
    """Decide on a notification and write it down, alert by alert, so that each sees what the one before it led to."""
    now, desk = backing.clock(), Desk(store, backing.settings)
    asked = alertmanager.read(body, lambda model: _current(desk, model), now)
    result = Plan()
    for verdict in asked.verdicts:
        plan = desk.request(verdict, now, ACTOR)
        store.commit_decision(incidents=verdict.opened, intents=plan.intents, audit=plan.audit, limits=plan.limits)
        result |= plan
    if asked.resolved:
        store.commit_decision(incidents=asked.resolved)
    return result, asked.ignored


def _current(desk: Desk, model: str) -> str:
    """The version released last."""
    releases = desk.versions(model).releases
    return releases[-1].version if releases else ""


async def _body(request: web.Request) -> bytes:
    """The body, within the application's limit (1 MiB by default). Raises ValueError."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ValueError(f"the body is too long: {error.text}") from error


def _respond(answered: tuple[int, dict[str, Any]]) -> web.Response:
    status, body = answered
    return answer(body, status=status)
