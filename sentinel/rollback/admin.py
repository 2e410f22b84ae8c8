"""The admin interface on loopback: what people may see and do about rollbacks over HTTP.

    GET  /v1/rollback                      paused, disabled targets, pending, dead and delivered, decisions
    GET  /v1/rollback/decisions?limit=     decisions alone, newest first
    GET  /v1/rollback/dead-letters         what could not be sent
    GET  /v1/audit?limit=                  the audit trail, newest first, and whether its chain is whole
    POST /v1/rollback/pause                {"actor", "reason"}
    POST /v1/rollback/resume               {"actor", "reason", "target"?}
    POST /v1/rollback/dead-letters/{id}/replay   {"actor", "reason"}

Every request carries `Authorization: Bearer <token>`; without a token file everything is closed, unless callers were
made to show a client certificate (`sentinel.rollback.http.server_tls`).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sentinel.rollback import operators
from sentinel.rollback.http import Backing, answer, bearer_problem, text_field
from sentinel.rollback.operators import OperatorError, Status
from sentinel.store.contract import AuditRecord, Intent, Store
from sentinel.store.errors import StoreError

MOST_BODY_BYTES = 65_536
MOST_LISTED = 1_000

Act = Callable[[Store, str, str, float], str]
"""(store, actor, reason, now) -> the sentence in the audit."""


def admin_app(backing: Backing, token_file: str, *, certified: bool = False) -> web.Application:
    """The application to serve on `admin.listen`. certified: who connects has shown a certificate; no token needed."""
    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[_guard(token_file, certified)])
    app.add_routes(
        [
            web.get("/v1/rollback", partial(_status, backing)),
            web.get("/v1/rollback/decisions", partial(_decisions, backing)),
            web.get("/v1/rollback/dead-letters", partial(_dead_letters, backing)),
            web.get("/v1/audit", partial(_audit, backing)),
            web.post("/v1/rollback/pause", partial(_pause, backing)),
            web.post("/v1/rollback/resume", partial(_resume, backing)),
            web.post("/v1/rollback/dead-letters/{id}/replay", partial(_replay, backing)),
        ]
    )
    return app


def _guard(token_file: str, certified: bool) -> Middleware:
    needs_token = bool(token_file) or not certified

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Nobody passes without the token; what goes wrong behind it is one sentence and a fitting status."""
        if needs_token and (problem := bearer_problem(request.headers, token_file, "admin.token_file")) is not None:
            return problem
        try:
            return await handler(request)
        except OperatorError as error:
            return answer({"error": str(error)}, status=409)
        except ValueError as error:
            return answer({"error": str(error)}, status=400)
        except StoreError as error:
            return answer({"error": str(error)}, status=503)

    return guard


async def _status(backing: Backing, _request: web.Request) -> web.Response:
    found = await _look(backing)
    return answer(
        {
            "mode": backing.settings.mode,
            "paused": found.paused,
            "disabled": found.disabled,
            "pending": _intents(found.pending),
            "dead": _intents(found.dead),
            "delivered": _intents(found.delivered),
            "decisions": _records(found.decisions),
        }
    )


async def _decisions(backing: Backing, request: web.Request) -> web.Response:
    found = await _look(backing, _limit(request))
    return answer({"decisions": _records(found.decisions)})


async def _dead_letters(backing: Backing, request: web.Request) -> web.Response:
    found = await _look(backing, _limit(request))
    return answer({"dead_letters": _intents(found.dead)})


async def _audit(backing: Backing, request: web.Request) -> web.Response:
    limit = _limit(request)
    trail, broken = await backing.ask(lambda store: (store.audit_trail(limit), store.verify_audit()))
    return answer({"records": _records(trail), "broken": broken})


async def _pause(backing: Backing, request: web.Request) -> web.Response:
    return await _act(backing, request, operators.pause)


async def _resume(backing: Backing, request: web.Request) -> web.Response:
    target = text_field(await _document(request), "target")

    def resume(store: Store, actor: str, reason: str, now: float) -> str:
        return operators.resume(store, actor, reason, now, target)

    return await _act(backing, request, resume)


async def _replay(backing: Backing, request: web.Request) -> web.Response:
    intent_id, seconds = request.match_info["id"], backing.settings.expires_seconds

    def replay(store: Store, actor: str, reason: str, now: float) -> str:
        return operators.replay(store, intent_id, actor, reason, now, seconds)

    return await _act(backing, request, replay)


async def _act(backing: Backing, request: web.Request, act: Act) -> web.Response:
    """Do something in a person's name; the deliverer looks at once."""
    document, now = await _document(request), backing.clock()
    actor, reason = text_field(document, "actor"), text_field(document, "reason")
    sentence = await backing.ask(lambda store: act(store, actor, reason, now))
    backing.committed()
    return answer({"done": sentence})


async def _look(backing: Backing, limit: int = 20) -> Status:
    settings = backing.settings
    names = tuple(target.name for target in settings.targets)
    return await backing.ask(lambda store: operators.status(store, names, settings.pause_file, limit))


async def _document(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_LISTED):
        raise ValueError(f"limit must be a whole number from 1 to {MOST_LISTED}")
    return int(text)


def _intents(intents: Sequence[Intent]) -> list[dict[str, Any]]:
    """Without the body: it is in what was sent."""
    return [{key: value for key, value in asdict(intent).items() if key != "body"} for intent in intents]


def _records(records: Sequence[AuditRecord]) -> list[dict[str, Any]]:
    return [asdict(record) for record in records]
