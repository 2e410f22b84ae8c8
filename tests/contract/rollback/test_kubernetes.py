"""The Kubernetes targets against the stand-in API server: one contract for all, then what each does of its own."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.rollback.retries import Answer, Settled
from sentinel.rollback.targets.building import build_targets
from sentinel.store import Intent
from tests.support.rollback_cases import NOW
from tests.support.rollback_cluster import TOKEN, FakeCluster, release, workload
from tests.support.rollback_delivery import shifted_intent
from tests.support.served import served

DEPLOYMENT = "/apis/apps/v1/namespaces/serving/deployments/fraud"
ROLLOUT = "/apis/argoproj.io/v1alpha1/namespaces/serving/rollouts/fraud"
INFERENCE = "/apis/serving.kserve.io/v1beta1/namespaces/serving/inferenceservices/fraud"
REPLICA_SETS = ("list", "replicasets")


@dataclass
class Scene:
    """A cluster where version 2 replaced version 1, and a target that may ask it. `back`: whether 1 serves again."""

    cluster: FakeCluster
    settings: TargetSettings
    back: Callable[[], bool]

    async def ask(self, intent: Intent | None = None, **options: str) -> Answer:
        """One attempt, as the deliverer makes it."""
        settings = replace(self.settings, options=self.settings.options | options)
        (target,) = build_targets(RollbackSettings(targets=(settings,))).values()
        try:
            return await target.ask(intent or shifted_intent(id="the-id"), 1, NOW)
        except Settled as settled:
            return settled.answer


def deployment(cluster: FakeCluster) -> Callable[[], bool]:
    cluster.allowed = {("get", "deployments"), ("patch", "deployments"), REPLICA_SETS}
    cluster.put(DEPLOYMENT, workload("Deployment"))
    cluster.roll_out(DEPLOYMENT)
    release(cluster, DEPLOYMENT, "2")
    return lambda: cluster.image(DEPLOYMENT).endswith(":1")


def rollout(cluster: FakeCluster) -> Callable[[], bool]:
    cluster.allowed = {("get", "rollouts"), ("patch", "rollouts"), REPLICA_SETS}
    cluster.put(ROLLOUT, workload("Rollout"))
    cluster.roll_out(ROLLOUT)
    release(cluster, ROLLOUT, "2")
    cluster.objects[ROLLOUT]["status"] = {"currentPodHash": "b", "stableRS": "b"}
    return lambda: cluster.image(ROLLOUT).endswith(":1")


def rollout_in_progress(cluster: FakeCluster) -> Callable[[], bool]:
    rollout(cluster)
    cluster.allowed = {("get", "rollouts"), ("patch", "rollouts/status")}
    cluster.objects[ROLLOUT]["status"] = {"currentPodHash": "b", "stableRS": "a"}
    return lambda: cluster.objects[ROLLOUT]["status"].get("abort") is True


def inference(cluster: FakeCluster) -> Callable[[], bool]:
    cluster.allowed = {("get", "inferenceservices"), ("patch", "inferenceservices")}
    revisions = {"latestCreatedRevision": "fraud-00002", "latestRolledoutRevision": "fraud-00001"}
    cluster.put(
        INFERENCE,
        {
            "kind": "InferenceService",
            "metadata": {"name": "fraud", "uid": "u"},
            "spec": {"predictor": {"canaryTrafficPercent": 20}},
            "status": {"components": {"predictor": revisions}},
        },
    )
    return lambda: cluster.objects[INFERENCE]["spec"]["predictor"]["canaryTrafficPercent"] == 0


KINDS: dict[str, tuple[str, Callable[[FakeCluster], Callable[[], bool]]]] = {
    "deployment": ("kubernetes_deployment", deployment),
    "rollout undo": ("argo_rollouts", rollout),
    "rollout abort": ("argo_rollouts", rollout_in_progress),
    "kserve": ("kserve", inference),
}


@contextlib.asynccontextmanager
async def scene(folder: Path, kind: str) -> AsyncIterator[Scene]:
    type_name, prepare = KINDS[kind]
    cluster = FakeCluster(set())
    back = prepare(cluster)
    token = folder / "token"
    token.write_text(TOKEN + "\n")
    async with served(cluster.application()) as url:
        settings = TargetSettings(
            name="cluster",
            type=type_name,
            url=url,
            secret_file=str(token),
            allow_http=True,
            options={"namespace": "serving", "name": "fraud"},
        )
        yield Scene(cluster, settings, back)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_it_rolls_back_with_least_privilege_after_a_dry_run(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as it:
        answer = await it.ask()
        assert (answer.kind, it.back()) == ("delivered", True)
        patches = [line for line in it.cluster.log if line.startswith("PATCH")]
    assert ["dryRun=All" in line for line in patches] == [True, False]


async def test_the_same_request_again_does_nothing(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as it:
        await it.ask()
        again = await it.ask()
        assert (again.kind, again.result, it.back()) == ("delivered", "already_done", True)
        assert len(it.cluster.writes()) == 1


async def test_missing_rights_and_a_wrong_token_are_final_and_say_so(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as it:
        it.cluster.allowed = {pair for pair in it.cluster.allowed if pair[0] != "patch"}
        answer = await it.ask()
        assert (answer.kind, answer.status, it.back()) == ("final", 403, False)
        assert "forbidden" in answer.detail
        (tmp_path / "token").write_text("stale")
        assert (await it.ask()).status == 401


async def test_an_overloaded_server_is_asked_again(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as it:
        it.cluster.failures = [503]
        first = await it.ask()
        assert (first.kind, it.back()) == ("retry", False)
        assert ((await it.ask()).kind, it.back()) == ("delivered", True)


@pytest.mark.parametrize("name", ["deployment", "rollout undo", "kserve"])
async def test_a_change_in_between_is_seen_and_the_object_read_again(tmp_path: Path, name: str) -> None:
    async with scene(tmp_path, name) as it:
        it.cluster.before_patch = ["somebody else"]
        first = await it.ask()
        assert (first.result, first.kind, it.back()) == ("conflict", "retry", False)
        assert ((await it.ask()).kind, it.back()) == ("delivered", True)


async def test_an_object_that_is_not_there_is_final(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path, kind) as it:
        it.cluster.objects.clear()
        assert ((await it.ask()).kind) == "final"


async def test_deployment_undo_is_what_kubectl_does(tmp_path: Path) -> None:
    async with scene(tmp_path, "deployment") as it:
        release(it.cluster, DEPLOYMENT, "3")
        it.cluster.objects[DEPLOYMENT]["metadata"]["annotations"][
            "kubectl.kubernetes.io/last-applied-configuration"
        ] = "{}"
        await it.ask()
        found = it.cluster.objects[DEPLOYMENT]
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":2")
    assert "pod-template-hash" not in found["spec"]["template"]["metadata"]["labels"]
    annotations = found["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "4"  # revision 2 came back as the newest
    assert annotations["team"] == "of revision 2"  # taken from the ReplicaSet
    assert annotations["kubectl.kubernetes.io/last-applied-configuration"] == "{}"  # kept


async def test_with_a_version_label_the_judged_version_must_be_live_and_the_right_one_comes_back(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "deployment") as it:
        release(it.cluster, DEPLOYMENT, "1.5")
        release(it.cluster, DEPLOYMENT, "3")
        gone = await it.ask(version_label="model-version")
        assert (gone.result, it.cluster.writes()) == ("already_done", [])
        intent = shifted_intent(id="another", from_version="3", to_version="1")
        assert (await it.ask(intent, version_label="model-version")).kind == "delivered"
        assert it.back()
        unknown = shifted_intent(id="third", from_version="1", to_version="0")
        assert (await it.ask(unknown, version_label="model-version")).result == "no_revision"


async def test_a_paused_deployment_and_one_without_history_are_refused(tmp_path: Path) -> None:
    async with scene(tmp_path, "deployment") as it:
        it.cluster.objects[DEPLOYMENT]["spec"]["paused"] = True
        assert (await it.ask()).result == "target_paused"
        it.cluster.objects[DEPLOYMENT]["spec"]["paused"] = False
        for path in [path for path in it.cluster.objects if "/replicasets/" in path]:
            del it.cluster.objects[path]
        assert (await it.ask()).result == "no_revision"


async def test_replica_sets_of_others_are_not_taken(tmp_path: Path) -> None:
    async with scene(tmp_path, "deployment") as it:
        for path, thing in it.cluster.objects.items():
            if "/replicasets/" in path and thing["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1":
                thing["metadata"]["ownerReferences"][0]["uid"] = "another"
        assert (await it.ask()).result == "no_revision"


async def test_abort_falls_back_to_the_main_resource(tmp_path: Path) -> None:
    async with scene(tmp_path, "rollout abort") as it:
        it.cluster.status_subresources = False
        it.cluster.allowed |= {("patch", "rollouts")}
        assert ((await it.ask()).kind, it.back()) == ("delivered", True)


async def test_abort_of_a_complete_rollout_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path, "rollout undo") as it:
        assert (await it.ask(action="abort")).result == "nothing_in_progress"


async def test_undo_of_a_rollout_with_a_workload_reference_writes_the_deployment(tmp_path: Path) -> None:
    async with scene(tmp_path, "rollout undo") as it:
        cluster = it.cluster
        spec = cluster.objects[ROLLOUT]["spec"]
        cluster.put(DEPLOYMENT, workload("Deployment", version="2"))
        del spec["template"]
        spec["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"}
        cluster.allowed |= {("get", "deployments"), ("patch", "deployments")}
        assert (await it.ask()).kind == "delivered"
        assert cluster.image(DEPLOYMENT).endswith(":1")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"mode": "RawDeployment"}, "wrong_mode"),
        ({"rolled_out": None}, "no_revision"),
        ({"rolled_out": "fraud-00002"}, "no_revision"),
    ],
)
async def test_kserve_says_why_it_cannot(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    async with scene(tmp_path, "kserve") as it:
        found = it.cluster.objects[INFERENCE]
        if "mode" in change:
            found["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": change["mode"]}
        else:
            found["status"]["components"]["predictor"]["latestRolledoutRevision"] = change["rolled_out"]
        answer = await it.ask()
    assert (answer.kind, answer.result) == ("final", word)
    assert answer.detail
