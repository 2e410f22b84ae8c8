"""What `sentinel doctor` asks others for: a Prometheus whether it scrapes, targets whether a delivery would arrive, a
second model whether it answers.
"""

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from sentinel.app.finding import Finding
from sentinel.config import Settings
from sentinel.config.settings import ShadowSettings
from sentinel.rollback.egress import Call, Egress, EgressError
from sentinel.rollback.probing import TYPE, probe
from sentinel.rollback.retries import Answer
from sentinel.rollback.targets.building import build_targets
from sentinel.shadow.grpc import health as grpc_status

PATIENCE_SECONDS = 3.0
"""For a server that should answer at once."""
MOST_ANSWER_BYTES = 4 << 20
NOT_OURS = (401, 403)


def opener() -> urllib.request.OpenerDirector:
    """Opens addresses without a proxy: what is looked at is near."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def prometheus(settings: Settings) -> Iterator[Finding]:
    """Whether the Prometheus of the settings scrapes sidecars; nothing where none is named."""
    base, job = settings.telemetry.prometheus_url.rstrip("/"), settings.telemetry.scrape_job
    if not base:
        return
    query = urllib.parse.urlencode({"query": f'up{{job="{job}"}}'})
    try:
        with opener().open(f"{base}/api/v1/query?{query}", timeout=PATIENCE_SECONDS) as response:
            up = _values(json.loads(response.read(MOST_ANSWER_BYTES)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = getattr(error, "reason", None) or error
        yield Finding("prometheus", "wrong", f"{base} does not answer: {why}", "correct telemetry.prometheus_url")
        return
    if not up:
        remedy = f"let it scrape {settings.telemetry.listen}/metrics as job {job}, or set telemetry.scrape_job"
        yield Finding("prometheus", "wrong", f"{base} scrapes nothing as job {job}", remedy)
    elif not all(up):
        sentence = f"{base} cannot reach {up.count(0.0)} of {len(up)} sidecars"
        yield Finding("prometheus", "wrong", sentence, "see its page Status, Targets")
    else:
        yield Finding("prometheus", "fine", f"{base} scrapes {len(up)} sidecar{'s' if len(up) > 1 else ''}")


def _values(answer: Any) -> list[float]:
    return [float(sample["value"][1]) for sample in answer["data"]["result"]]


def second_model(settings: Settings) -> Iterator[Finding]:
    """Whether the addresses of the second model may be asked, and answer anything; nothing where none is set."""
    shadow = settings.capture.shadow
    for url in shadow.urls:
        try:
            said = asyncio.run(_said(shadow, url))
        except (EgressError, TimeoutError) as error:
            why = error.detail if isinstance(error, EgressError) else f"no answer within {PATIENCE_SECONDS:g} s"
            remedy = "start the second model, or correct capture.shadow"
            yield Finding("second model", "wrong", f"{url} cannot be asked: {why}", remedy)
        else:
            yield Finding("second model", "fine", f"{url} answers ({said})")


async def _said(shadow: ShadowSettings, url: str) -> str:
    egress = Egress(shadow.allow_http, shadow.ca_file, shadow.allowed_hosts)
    async with asyncio.timeout(PATIENCE_SECONDS):
        if url != shadow.grpc_url:
            return f"{(await egress.send(Call('GET', url))).status} to a GET"
        return f"gRPC status {await grpc_status(egress, url)} to a health check"


def deliveries(settings: Settings) -> Iterator[Finding]:
    """Send each webhook target a signed test; the others say nothing before they are asked in earnest."""
    types = {target.name: target.type for target in settings.rollback.targets}
    for name, target in build_targets(settings.rollback).items():
        if types[name] != "webhook":
            sentence = f"target {name}: {types[name]} takes no test delivery"
            yield Finding("delivery", "note", sentence, "try it in a namespace that may be rolled back")
            continue
        yield _delivered(name, asyncio.run(probe(target, settings.rollback, time.time())))


def _delivered(name: str, answer: Answer) -> Finding:
    if answer.kind == "delivered":
        return Finding("delivery", "fine", f"target {name} took a signed test ({answer.status})")
    if answer.status in NOT_OURS:
        remedy = "give both sides the same secret, and see that their clocks agree"
        return Finding("delivery", "wrong", f"target {name} refuses our signature or token ({answer.status})", remedy)
    if 400 <= answer.status < 500:
        remedy = f"let it answer 2xx to the type {TYPE} and do nothing; a wrong signature may also be answered so"
        return Finding("delivery", "note", f"target {name} was reached and answers {answer.status} to a test", remedy)
    said = f"answers {answer.status}" if answer.status else f"{answer.result}: {answer.detail}".rstrip(": ")
    return Finding("delivery", "wrong", f"target {name} took no test: {said}", "correct its url, ca_file or allow_http")
