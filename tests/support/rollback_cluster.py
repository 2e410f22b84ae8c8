"""A stand-in for a Kubernetes API server, and for the controllers of Deployments and Rollouts, over real HTTP.

No cluster can be had in the tests. What is faithful here: paths, verbs and query parameters; bearer tokens and RBAC by
verb and resource (403 Status); JSON Patch (RFC 6902: test, add, replace; a failed test is 422) and merge patch (RFC
7386), each only under its own content type (415 otherwise); resourceVersion, its growth and conflicts (409);
dryRun=All; label selectors; owner references; revision annotations, and a controller that reuses or makes a ReplicaSet
when a template changes and bumps its revision. What is not: admission, defaulting, watches.
"""

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Object = dict[str, Any]
TOKEN = "a service account's token"
VERBS = {"GET": "get", "PATCH": "patch"}


class Rejected(Exception):
    def __init__(self, code: int, reason: str, message: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(message)


@dataclass
class FakeCluster:
    """objects: path -> object. allowed: (verb, resource) pairs. log: (method, path?query) of every accepted request."""

    allowed: set[tuple[str, str]]
    objects: dict[str, Object] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    before_patch: list[str] = field(default_factory=list)
    status_subresources: bool = True
    _version: int = 100

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def put(self, path: str, thing: Object) -> Object:
        self._version += 1
        thing["metadata"]["resourceVersion"] = str(self._version)
        self.objects[path] = thing
        return thing

    def writes(self) -> list[str]:
        """Patches that changed something."""
        return [line for line in self.log if line.startswith("PATCH") and "dryRun" not in line]

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            body = await self._answer(request)
            return web.json_response(body)
        except Rejected as no:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": no.code}
            return web.json_response(status | {"reason": no.reason, "message": str(no)}, status=no.code)

    async def _answer(self, request: web.Request) -> Object:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Rejected(401, "Unauthorized", "Unauthorized")
        path = "/" + request.match_info["path"]
        self._authorise(request.method, path)
        if self.failures:
            raise Rejected(self.failures.pop(0), "ServiceUnavailable", "try later")
        self.log.append(f"{request.method} {request.path_qs}")
        if request.method == "GET":
            return self._read(path, request.query.get("labelSelector"))
        return self._patch(path, request, await request.read())

    def _authorise(self, method: str, path: str) -> None:
        parts = path.split("/")  # "", apis, group, version, namespaces, ns, resource, name?, subresource?
        resource = parts[6] + (f"/{parts[8]}" if len(parts) > 8 else "")
        verb = "list" if method == "GET" and len(parts) == 7 else VERBS[method]
        if (verb, resource) not in self.allowed:
            raise Rejected(403, "Forbidden", f"{resource} is forbidden: User cannot {verb} resource")

    def _read(self, path: str, selector: str | None) -> Object:
        if path in self.objects:
            return self.objects[path]
        found = [thing for where, thing in self.objects.items() if where.rpartition("/")[0] == path]
        if len(path.split("/")) != 7:
            raise Rejected(404, "NotFound", f"{path.rpartition('/')[2]} not found")
        wanted = dict(term.split("=") for term in (selector or "").split(",") if term)
        items = [thing for thing in found if wanted.items() <= (thing["metadata"].get("labels") or {}).items()]
        return {"kind": "List", "items": items}

    def _patch(self, path: str, request: web.Request, body: bytes) -> Object:
        subresource = path.endswith("/status")
        path = path.removesuffix("/status")
        if subresource and not self.status_subresources:
            raise Rejected(404, "NotFound", "the server could not find the requested resource")
        if path not in self.objects:
            raise Rejected(404, "NotFound", f"{path.rpartition('/')[2]} not found")
        if self.before_patch and "dryRun" not in request.query:
            self._interfere(path, self.before_patch.pop(0))
        before = self.objects[path]
        after = copy.deepcopy(before)
        kind, patch = request.content_type, json.loads(body)
        if kind == "application/json-patch+json":
            json_patch(after, patch)
        elif kind == "application/merge-patch+json":
            given = patch.get("metadata", {}).get("resourceVersion")
            if given is not None and given != before["metadata"]["resourceVersion"]:
                raise Rejected(409, "Conflict", "the object has been modified; please apply your changes")
            merge_patch(after, patch)
        else:
            raise Rejected(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {kind}")
        if request.query.get("dryRun") == "All":
            return after
        self.put(path, after)
        if after["spec"].get("template") != before["spec"].get("template"):
            self.roll_out(path)
        return after

    def _interfere(self, path: str, value: str) -> None:
        """Someone else writes between our reading and our writing."""
        thing = self.objects[path]
        thing["metadata"].setdefault("annotations", {})["touched-by"] = value
        self.put(path, thing)

    def roll_out(self, path: str) -> None:
        """What the controller does after a template changed: a ReplicaSet for it, with the next revision."""
        owner = self.objects[path]
        annotation, label = _dialect(owner)
        sets = [thing for where, thing in self.objects.items() if "/replicasets/" in where]
        mine = [thing for thing in sets if thing["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]]
        revision = str(1 + max((int(thing["metadata"]["annotations"][annotation]) for thing in mine), default=0))
        template = copy.deepcopy(owner["spec"]["template"])
        for thing in mine:
            known = copy.deepcopy(thing["spec"]["template"])
            known["metadata"]["labels"].pop(label, None)
            if known == template:
                thing["metadata"]["annotations"][annotation] = revision
                break
        else:
            self._make_replica_set(path, owner, template, revision)
        owner["metadata"]["annotations"][annotation] = revision
        self.put(path, owner)

    def _make_replica_set(self, path: str, owner: Object, template: Object, revision: str) -> None:
        annotation, label = _dialect(owner)
        name = f"{owner['metadata']['name']}-{int(revision):05x}"
        template["metadata"]["labels"][label] = name
        folder = path.split("/namespaces/")[1].split("/")[0]
        self.put(
            f"/apis/apps/v1/namespaces/{folder}/replicasets/{name}",
            {
                "metadata": {
                    "name": name,
                    "labels": dict(template["metadata"]["labels"]),
                    "annotations": {annotation: revision, "team": f"of revision {revision}"},
                    "ownerReferences": [{"uid": owner["metadata"]["uid"], "controller": True}],
                },
                "spec": {"template": template},
            },
        )

    def image(self, path: str) -> str:
        """The image that the workload's template names now."""
        return str(self.objects[path]["spec"]["template"]["spec"]["containers"][0]["image"])


def _dialect(owner: Object) -> tuple[str, str]:
    if owner["kind"] == "Rollout":
        return "rollout.argoproj.io/revision", "rollouts-pod-template-hash"
    return "deployment.kubernetes.io/revision", "pod-template-hash"


def workload(kind: str, name: str = "fraud", version: str = "1") -> Object:
    """A Deployment or Rollout that serves a version of a model."""
    return {
        "kind": kind,
        "metadata": {"name": name, "uid": f"uid of {kind} {name}", "annotations": {"team": "risk"}},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(version, name)},
        "status": {},
    }


def template(version: str, name: str = "fraud") -> Object:
    return {
        "metadata": {"labels": {"app": name, "model-version": version}},
        "spec": {"containers": [{"name": "server", "image": f"registry.example/{name}:{version}"}]},
    }


def release(cluster: FakeCluster, path: str, version: str) -> None:
    """Deploy another version, as a person or a pipeline would."""
    thing = cluster.objects[path]
    thing["spec"]["template"] = template(version, thing["metadata"]["name"])
    cluster.put(path, thing)
    cluster.roll_out(path)


def json_patch(thing: Any, operations: list[Object]) -> None:
    """RFC 6902: test, add and replace on objects."""
    for operation in operations:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        node = thing
        for parent in parents:
            node = node[parent]
        if operation["op"] == "test" and node.get(last) != operation["value"]:
            raise Rejected(422, "Invalid", "the server rejected our request due to an error in our request")
        if operation["op"] == "replace" and last not in node:
            raise Rejected(422, "Invalid", f"jsonpatch replace operation does not apply: missing {operation['path']}")
        if operation["op"] in ("add", "replace"):
            node[last] = operation["value"]


def merge_patch(thing: Object, patch: Object) -> None:
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            thing.pop(key, None)
        elif isinstance(value, dict):
            merge_patch(thing.setdefault(key, {}), value)
        else:
            thing[key] = value
