"""docs/schemas/openapi.yaml is valid, names each route that is served and no other, and says what answers look like."""

import re
import time
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from docs.http_page import SPECIFICATION, markdown
from sentinel.config.settings import RollbackSettings
from sentinel.intake.labels import LabelIntake, label_routes
from sentinel.intake.push import Pushed, routes
from sentinel.labels.keys import KeyOptions
from sentinel.rollback.admin import admin_app
from sentinel.rollback.answers import Standing
from sentinel.rollback.http import Backing
from sentinel.rollback.integrations import integration_routes
from sentinel.telemetry.server import telemetry_app
from tests.support.telemetry_served import served, sources_of
from tests.support.telemetry_story import drifted_recorder

SAID: dict[str, Any] = yaml.safe_load(SPECIFICATION.read_text())


def test_the_document_is_valid():
    validate(SAID)


def test_the_page_is_made_from_it():
    assert (Path(__file__).parents[3] / "docs/http.md").read_text() == markdown()


def applications() -> list[web.Application]:
    """Both listeners' routes, as the observer puts them together."""

    async def ask(use: Any) -> Any:
        raise AssertionError("no store here")

    backing = Backing(ask, RollbackSettings(), time.time)
    recorder = drifted_recorder(time.time(), windows=1)
    telemetry = telemetry_app(recorder, sources_of(recorder))
    telemetry.add_routes(integration_routes(backing, lambda _model: Standing(None, "")))
    telemetry.add_routes(routes(Pushed(lambda _: None, lambda _: None), max_body_bytes=1))
    telemetry.add_routes(label_routes(LabelIntake(ask, lambda _: None, KeyOptions()), max_body_bytes=1))
    return [telemetry, admin_app(backing, "")]


def test_every_route_is_named_and_no_other():
    served_routes = {
        (route.method.replace("*", "POST").lower(), re.sub(r":[^}]*", "", route.resource.canonical))
        for app in applications()
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    said = {(method, path) for path, item in SAID["paths"].items() for method in item if method in ("get", "post")}
    assert served_routes == said


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/verdict/fraud", "/v1/verdict/{model}"),
        ("/v1/verdict/nobody", "/v1/verdict/{model}"),
        ("/v1/windows", "/v1/windows"),
        ("/v1/windows?limit=many", "/v1/windows"),
        ("/metrics", "/metrics"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/", "/"),
    ],
)
async def test_answers_look_as_it_says(path, operation):
    async with (
        served(drifted_recorder(time.time(), windows=20)) as address,
        ClientSession() as client,
        client.get(address + path) as answer,
    ):
        said = resolved(SAID["paths"][operation]["get"]["responses"][str(answer.status)])
        assert answer.content_type in said["content"]
        if answer.content_type == "application/json":
            schema = {**resolved(said["content"]["application/json"]["schema"]), "components": SAID["components"]}
            Draft202012Validator(schema).validate(await answer.json())


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """A node, or the one that its $ref names."""
    path = node.get("$ref", "#/").removeprefix("#/").split("/")
    return reduce(getitem, path, SAID) if path != [""] else node
