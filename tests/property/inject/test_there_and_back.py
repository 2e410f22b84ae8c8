"""Whatever a pod looks like: its names lead to the sidecar, its own probes to the model, and it comes out clean."""

import copy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel.inject.container import Plan
from sentinel.inject.pod import injected, removed
from sentinel.inject.template import built_in
from sentinel.inject.wish import Refused
from sentinel.inject.words import LISTEN, PORT

NUMBERS = st.integers(8000, 8090)
NAMES = st.sampled_from(["http", "grpc", "metrics"])
ASKS = st.fixed_dictionaries({"httpGet": st.fixed_dictionaries({"path": st.just("/"), "port": NUMBERS | NAMES})})
PORTS = st.fixed_dictionaries(
    {"containerPort": NUMBERS}, optional={"name": NAMES, "protocol": st.sampled_from(["TCP", "UDP"])}
)
UNIQUE = (lambda port: port["containerPort"], lambda port: port.get("name", port["containerPort"]))
"""Kubernetes wants the names of a container's ports to be unique."""
CONTAINERS = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={
        "ports": st.lists(PORTS, min_size=1, max_size=3, unique_by=UNIQUE),
        "readinessProbe": ASKS,
        "livenessProbe": ASKS,
        "lifecycle": st.fixed_dictionaries({"preStop": ASKS}),
        "volumeMounts": st.just([{"name": "own", "mountPath": "/own"}]),
    },
)
ANNOTATIONS = st.dictionaries(st.sampled_from([PORT, LISTEN, "other"]), NUMBERS.map(str) | NAMES, min_size=1)
METADATA = st.fixed_dictionaries({}, optional={"annotations": ANNOTATIONS, "labels": st.just({"app": "m"})})
SPECS = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINERS, min_size=1, max_size=3, unique_by=lambda one: one["name"])},
    optional={
        "initContainers": st.just([{"name": "fetch", "image": "x"}]),
        "volumes": st.just([{"name": "own", "emptyDir": {}}]),
    },
)
PODS = st.fixed_dictionaries({"spec": SPECS}, optional={"metadata": METADATA})
PLANS = st.sampled_from([Plan(built_in()), Plan(built_in((1, 28)))])


def listening(pod: dict[str, Any]) -> dict[int, int]:
    """The sidecar's port -> the model's behind it."""
    spec = pod["spec"]
    every = [*spec.get("initContainers", []), *spec["containers"]]
    (sidecar,) = [container for container in every if container["name"] == "sentinel"]
    found = {item["name"]: item.get("value", "") for item in sidecar["env"]}
    count = sum(name.endswith("__LISTEN") for name in found)
    ends = [[found[f"SENTINEL__RELAY__{at}__{end}"] for end in ("LISTEN", "UPSTREAM")] for at in range(count)]
    return {int(listen.rpartition(":")[2]): int(upstream.rpartition(":")[2]) for listen, upstream in ends}


@given(PODS, PLANS)
def test_it_comes_out_clean_and_goes_in_once(pod: dict[str, Any], plan: Plan) -> None:
    before = copy.deepcopy(pod)
    try:
        after = injected(pod, plan)
    except Refused:
        assume(False)
    assert pod == before
    assert injected(after, plan) is after
    assert removed(after) == {"metadata": {}, **before}


@given(PODS, PLANS)
def test_names_lead_to_the_sidecar_and_probes_to_the_model(pod: dict[str, Any], plan: Plan) -> None:
    try:
        after = injected(pod, plan)
    except Refused:
        assume(False)
    behind = listening(after)
    for was, container in zip(pod["spec"]["containers"], after["spec"]["containers"], strict=False):
        for old, new in zip(was.get("ports", []), container.get("ports", []), strict=True):
            moved = "name" in old and old.get("protocol", "TCP") == "TCP" and old["containerPort"] in behind.values()
            assert behind.get(new["containerPort"] if moved else 0, new["containerPort"]) == old["containerPort"]
            assert (new != old) is moved
        for probe in ("readinessProbe", "livenessProbe"):
            assert asked(container, probe) == asked(was, probe)


def asked(container: dict[str, Any], probe: str) -> Any:
    """The number that the kubelet connects to, as far as the container names it."""
    port = container.get(probe, {}).get("httpGet", {}).get("port")
    named = {one["name"]: one["containerPort"] for one in reversed(container.get("ports", [])) if "name" in one}
    return named.get(port, port)
