"""The demo's model server: onnxruntime behind the Open Inference Protocol (V2, REST), several versions, one serving.

    python -m sentinel.demo.server --folder .sentinel/demo --port 8080

Clients use /v2/…; the deployment side switches the serving version with `PUT /admin/serving {"version": "2"}`.
A release may also carry an injected fault (errors, delay), for trials of service levels.

Belongs here: HTTP and tensors. What the model is, `model` knows; that a sidecar listens, nobody here knows.
"""

import argparse
import asyncio
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from sentinel.demo.dataset import FEATURES, NUMERIC, Array
from sentinel.demo.model import GOOD, MODEL_NAME, VERSION_HEADER, Predictor, prepare

MAX_REQUEST_BYTES = 4 << 20
MAX_ROWS = 10_000


class BadRequest(ValueError):
    """The client's request cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is being served. error_ratio, delay_seconds: injected faults, 0 in a real model.

    share: of the requests; below 1 it is a canary, and the release before it answers the rest.
    """

    version: str
    error_ratio: float = 0.0
    delay_seconds: float = 0.0
    share: float = 1.0


class ModelServer:
    """Predictors by version and the release that answers where the path names no version."""

    def __init__(self, predictors: dict[str, Predictor], generator: random.Random) -> None:
        self._predictors = predictors
        self._generator = generator
        self.release = self._before = Release(GOOD)

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[_errors_as_json])
        model = f"/v2/models/{MODEL_NAME}"
        application.add_routes(
            [
                web.get("/v2", self.server_metadata),
                web.get("/v2/health/live", self.healthy),
                web.get("/v2/health/ready", self.healthy),
                web.get(model, self.model_metadata),
                web.get(f"{model}/ready", self.healthy),
                web.get(f"{model}/versions/{{version}}/ready", self.healthy),
                web.post(f"{model}/infer", self.infer),
                web.post(f"{model}/versions/{{version}}/infer", self.infer),
                web.get("/admin/serving", self.serving),
                web.put("/admin/serving", self.serve),
            ]
        )
        return application

    async def healthy(self, request: web.Request) -> web.Response:
        self._release_for(request)
        return web.json_response({"ready": True})

    async def server_metadata(self, _: web.Request) -> web.Response:
        return web.json_response({"name": "sentinel-demo", "version": "1", "extensions": []})

    async def model_metadata(self, _: web.Request) -> web.Response:
        inputs = [
            {"name": name, "datatype": "FP32" if name in NUMERIC else "BYTES", "shape": [-1, 1]} for name in FEATURES
        ]
        outputs = [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probability", "datatype": "FP32", "shape": [-1]},
        ]
        return web.json_response(
            {
                "name": MODEL_NAME,
                "versions": sorted(self._predictors),
                "platform": "onnxruntime_onnx",
                "inputs": inputs,
                "outputs": outputs,
            }
        )

    async def infer(self, request: web.Request) -> web.Response:
        release = self._release_for(request)
        columns, identifier = _columns(await request.read())
        if release.delay_seconds:
            await asyncio.sleep(release.delay_seconds)
        if release.error_ratio and self._generator.random() < release.error_ratio:
            return _answer({"error": "injected fault"}, release.version, status=500)
        labels, probabilities = self._predictors[release.version].predict(columns)
        answer: dict[str, Any] = {"model_name": MODEL_NAME, "model_version": release.version}
        if identifier:
            answer["id"] = identifier
        rows = len(labels)
        answer["outputs"] = [
            {"name": "label", "datatype": "BYTES", "shape": [rows], "data": labels.tolist()},
            {"name": "probability", "datatype": "FP32", "shape": [rows], "data": probabilities.tolist()},
        ]
        return _answer(answer, release.version)

    async def serving(self, _: web.Request) -> web.Response:
        return web.json_response({"model": MODEL_NAME, "version": self.release.version})

    async def serve(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        try:
            release = Release(
                str(wanted["version"]),
                float(wanted.get("error_ratio", 0)),
                float(wanted.get("delay_seconds", 0)),
                float(wanted.get("share", 1)),
            )
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise BadRequest('needs {"version": "…"}') from error
        if release.version not in self._predictors:
            raise web.HTTPNotFound(text=f"no version {release.version}")
        self._before, self.release = self.release, release
        return await self.serving(request)

    def _release_for(self, request: web.Request) -> Release:
        version = request.match_info.get("version")
        if version is None:
            return self.release if self._generator.random() < self.release.share else self._before
        if version not in self._predictors:
            raise web.HTTPNotFound(text=f"no version {version} of {MODEL_NAME}")
        return self.release if version == self.release.version else Release(version)


def _columns(body: bytes) -> tuple[dict[str, Array], str]:
    """Feature columns and the request's id from a V2 request; raises BadRequest."""
    try:
        document = json.loads(body)
        tensors = {str(tensor["name"]): tensor for tensor in document["inputs"]}
        columns = {name: _column(name, tensors) for name in FEATURES}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadRequest(str(error) if isinstance(error, BadRequest) else "not a V2 inference request") from error
    rows = {len(column) for column in columns.values()}
    if len(rows) != 1 or not 0 < rows.pop() <= MAX_ROWS:
        raise BadRequest(f"every tensor needs the same number of rows, 1 to {MAX_ROWS}")
    return columns, str(document.get("id", ""))


def _column(name: str, tensors: dict[str, Any]) -> Array:
    if name not in tensors:
        raise BadRequest(f"tensor {name} is missing")
    column = np.array(tensors[name]["data"], dtype=np.float32 if name in NUMERIC else object).ravel()
    if name not in NUMERIC and not all(isinstance(value, str) for value in column):
        raise BadRequest(f"tensor {name} must hold text")
    return column


def _answer(document: dict[str, Any], version: str, status: int = 200) -> web.Response:
    return web.json_response(document, status=status, headers={VERSION_HEADER: version})


@web.middleware
async def _errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """V2 answers errors as {"error": …}."""
    try:
        response: web.StreamResponse = await handler(request)
    except BadRequest as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPException as error:
        return web.json_response({"error": error.text}, status=error.status)
    return response


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo's model server (V2 REST on onnxruntime).")
    parser.add_argument("--folder", type=Path, default=Path(".sentinel/demo"), help="where the trained model is kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    models = prepare(arguments.folder).models
    server = ModelServer({version: Predictor(path) for version, path in models.items()}, random.Random())
    web.run_app(server.application(), host=arguments.host, port=arguments.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
