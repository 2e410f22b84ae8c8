"""`POST /v1/labels`: the truth about earlier predictions, by request id.

One JSON object or an array of them, NDJSON, or CloudEvents (structured or a batch); see `sentinel.labels.reading`.
202 with what was taken, after it is in the store; 400 where no row could be read, with the reasons row by row.

    app.add_routes(label_routes(LabelIntake(take=…, refusal=…, keys=…), max_body_bytes=1 << 20))
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sentinel.intake.push import CLOUD_BATCH, CLOUD_EVENT, NDJSON, bounded_body
from sentinel.labels.keys import KeyOptions
from sentinel.labels.reading import MOST_ROWS, Readings, of_event, read

JSON = "application/json"
RETRY_SECONDS = "5"


class NotNow(Exception):
    """Labels cannot be taken at the moment; the message is one sentence for the sender, who tries again."""


@dataclass(frozen=True, slots=True)
class LabelIntake:
    """take: puts readings where they are kept; raises NotNow. refusal: why a request with such headers may not pass."""

    take: Callable[[Readings], Awaitable[None]]
    refusal: Callable[[Mapping[str, str]], web.Response | None]
    keys: KeyOptions


def label_routes(intake: LabelIntake, *, max_body_bytes: int) -> list[web.RouteDef]:
    """The route to add to the telemetry server. A body may be four times `max_body_bytes` long."""
    limit = 4 * max_body_bytes

    async def post(request: web.Request) -> web.Response:
        if (refusal := intake.refusal(request.headers)) is not None:
            return refusal
        body = await bounded_body(request, limit)
        if body is None:
            return _answer(413, {"error": f"a body may hold {limit} bytes"})
        try:
            found = await asyncio.to_thread(_read, request.content_type, body, intake.keys)
            await intake.take(found)
        except LookupError as error:
            return _answer(415, {"error": str(error.args[0])})
        except ValueError as error:
            return _answer(400, {"error": str(error)})
        except NotNow as error:
            return _answer(503, {"error": str(error)}, {"Retry-After": RETRY_SECONDS})
        return _told(found)

    return [web.post("/v1/labels", post)]


def _told(found: Readings) -> web.Response:
    problems = [{"row": place, "error": why} for place, why in found.problems]
    told = {"received": len(found.labels), "refused": found.refused, "problems": problems}
    return _answer(202 if found.labels or not found.refused else 400, told)


def _read(kind: str, body: bytes, keys: KeyOptions) -> Readings:
    return read(_documents(kind, body), keys)


def _documents(kind: str, body: bytes) -> list[Any]:
    """The objects of a body. LookupError for a content type that is not known, ValueError for what is no JSON."""
    if kind == NDJSON:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) > MOST_ROWS:
            raise ValueError(f"a body may hold {MOST_ROWS:,} labels; send the rest in further ones")
        return [_line(line) for line in lines]
    if kind not in (JSON, CLOUD_EVENT, CLOUD_BATCH):
        raise LookupError(f"send {JSON}, {NDJSON}, {CLOUD_EVENT} or {CLOUD_BATCH}")
    document = _line(body)
    if document is None:
        raise ValueError("the body is not JSON")
    documents = document if isinstance(document, list) else [document]
    if kind == JSON:
        return documents
    return [carried for event in documents for carried in (of_event(event) if isinstance(event, dict) else [event])]


def _line(text: bytes) -> Any:
    """A JSON value, None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _answer(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(dict(document), status=status, headers={"Cache-Control": "no-store", **(headers or {})})
