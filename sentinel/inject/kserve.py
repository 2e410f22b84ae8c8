"""The sidecar in a KServe InferenceService.

KServe makes the pod and the Service before it, and sends traffic to the first port of the container called
`transformer-container` where a predictor has one ("collocation": from KServe 0.15 on for predictors given as `model`,
earlier for those given as containers). So the sidecar takes that name, as a plain container with one port, which is all
that Knative allows in a pod.
"""

import copy
from dataclasses import replace
from typing import Any

from sentinel.inject.container import Plan, container_for, volumes_for
from sentinel.inject.mark import marked, status_of, unmarked
from sentinel.inject.pod import sidecar_in, take_out
from sentinel.inject.template import plain
from sentinel.inject.wish import Own, Refused, wish_of
from sentinel.inject.words import PORT, TRAFFIC

Object = dict[str, Any]

CONTAINER = "transformer-container"
MODE = "serving.kserve.io/deploymentMode"
STANDARD = ("Standard", "RawDeployment")
"""Where KServe makes a Deployment. Elsewhere Knative makes the pods, and takes no hooks; its own proxy drains them."""
MODEL_PORT = "8080"
"""KServe's own, where a container declares none."""
OWN = Own(8090)
"""KServe's model servers listen on 8081, too, for gRPC; its agent on 9081, Knative's queue-proxy on 8012 to 8022."""


def injected(service: Object, plan: Plan) -> Object:
    """The InferenceService with the sidecar in its predictor; the same when it is there. Raises Refused."""
    predictor = service["spec"]["predictor"]
    if sidecar_in(predictor) is not None:
        return service
    containers = predictor.get("containers") or []
    if any(container.get("name") == CONTAINER for container in containers):
        raise Refused(f"its predictor has a {CONTAINER} already, which traffic meets first: use KServe's logger")
    plan = replace(plan, template=plain(plan.template))
    changed = copy.deepcopy(service)
    predictor = changed["spec"]["predictor"]
    pod = _as_pod(service)
    declared = any(container.get("ports") for container in pod["spec"]["containers"])
    wish = wish_of(pod, plan.defaults if declared else {PORT: MODEL_PORT, **plan.defaults}, OWN)
    if len(wish.listeners) > 1:
        raise Refused("KServe sends traffic to one port of a predictor: name one model port")
    container = _collocated(container_for(wish, plan), (service["metadata"].get("annotations") or {}).get(MODE, ""))
    predictor["containers"] = [*containers, container]
    volumes = volumes_for(wish, plan.template, predictor)
    predictor["volumes"] = [*(predictor.get("volumes") or []), *volumes]
    status = {"volumes": [volume["name"] for volume in volumes]}
    predictor.update(marked(_metadata(predictor), wish, plan.template, status))
    return changed


def removed(service: Object) -> Object:
    """The InferenceService as it was before `injected`."""
    if sidecar_in(service["spec"]["predictor"]) is None:
        return service
    changed = copy.deepcopy(service)
    predictor = changed["spec"]["predictor"]
    status = status_of({"metadata": _metadata(predictor)})
    take_out(predictor, sidecar_in(predictor) or {}, status)
    metadata = unmarked(_metadata(predictor), status)
    for place in ("labels", "annotations"):
        predictor.pop(place, None)
    predictor.update(metadata)
    return changed


def _as_pod(service: Object) -> Object:
    """What the predictor's pods will be, as far as it is said here; `model` is a container, too."""
    metadata, predictor = service["metadata"], service["spec"]["predictor"]
    annotations = {**(metadata.get("annotations") or {}), **(predictor.get("annotations") or {})}
    model = [{"name": "kserve-container", **predictor["model"]}] if "model" in predictor else []
    containers = [*(predictor.get("containers") or []), *model]
    return {"metadata": {"name": metadata["name"], "annotations": annotations}, "spec": {"containers": containers}}


def _metadata(predictor: Object) -> Object:
    """The predictor's part of its pods' metadata, which KServe keeps beside the specification."""
    return {key: predictor[key] for key in ("labels", "annotations") if key in predictor}


def _collocated(container: Object, mode: str) -> Object:
    """The container as KServe takes it: with one unnamed port and, without a Deployment, no hooks and startup probe."""
    ports = [port for port in container["ports"] if port["name"].startswith(TRAFFIC)]
    left_out = () if mode in STANDARD else ("lifecycle", "startupProbe")
    kept = {key: value for key, value in container.items() if key not in left_out}
    return {**kept, "name": CONTAINER, "ports": [{"containerPort": port["containerPort"]} for port in ports]}
