"""A stand-in for the API server of a cluster: one Secret and one MutatingWebhookConfiguration, over real HTTP.

Faithful: paths, a bearer token, resourceVersions that grow with each write, 409 for a PUT of an older one, JSON Patch
under its content type alone with 422 for a `test` that fails. Not: RBAC, watches, validation.
"""

import copy
from typing import Any

import jsonpatch
from aiohttp import web

SECRET = "/api/v1/namespaces/sentinel/secrets/sentinel-injector"
WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/sentinel-injector"
TOKEN = "a token"

Object = dict[str, Any]


class Cluster:
    def __init__(self) -> None:
        hook: Object = {"clientConfig": {"service": {"name": "sentinel-injector", "namespace": "sentinel"}}}
        self.objects: dict[str, Object] = {
            SECRET: {"metadata": {"name": "sentinel-injector", "resourceVersion": "1"}, "type": "Opaque"},
            WEBHOOK: {
                "metadata": {"name": "sentinel-injector", "resourceVersion": "2"},
                "webhooks": [copy.deepcopy(hook), copy.deepcopy(hook)],
            },
        }
        self.writes: list[str] = []
        self.down = False

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        if self.down:
            return web.json_response({}, status=503)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({}, status=401)
        if request.path not in self.objects:
            return web.json_response({}, status=404)
        found = self.objects[request.path]
        if request.method == "GET":
            return web.json_response(found)
        self.writes.append(f"{request.method} {request.path}")
        if request.method == "PUT":
            wanted = await request.json()
            if wanted["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                return web.json_response({}, status=409)
        elif request.content_type != "application/json-patch+json":
            return web.json_response({}, status=415)
        else:
            try:
                wanted = jsonpatch.apply_patch(found, await request.json())
            except jsonpatch.JsonPatchTestFailed:
                return web.json_response({}, status=422)
        wanted["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
        self.objects[request.path] = wanted
        return web.json_response(wanted)
