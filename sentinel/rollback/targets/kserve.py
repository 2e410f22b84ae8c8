"""KServe InferenceService: all traffic back to the last rolled-out revision, by `canaryTrafficPercent: 0`.

Works in serverless (Knative) mode only, and only while a canary is under way: KServe forgets the earlier revision when
the new one is promoted. RBAC: serving.kserve.io inferenceservices get, patch.
Source: kserve docs/samples/v1beta1/rollout, ksvc_reconciler.go.
"""

from sentinel.rollback.retries import Answer
from sentinel.rollback.targets.api import already, refuse
from sentinel.rollback.targets.base import Configured
from sentinel.rollback.targets.kubernetes import ROLLBACK_ID, annotations_of, cluster_of, done_before
from sentinel.store.contract import Intent

GROUP = "serving.kserve.io/v1beta1"
MODE = "serving.kserve.io/deploymentMode"
SERVERLESS = ("", "Serverless", "Knative")


class KServe(Configured):
    """Options: `namespace`, `name` (default: the model)."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        cluster = cluster_of(self.settings, self.egress, now)
        path = cluster.path(GROUP, "inferenceservices", self.settings.options.get("name") or intent.model)
        found = await cluster.get(path)
        done_before(found, intent)
        mode = annotations_of(found).get(MODE, "")
        if mode not in SERVERLESS:
            raise refuse("wrong_mode", f"deployment mode {mode} has no canary; use a kubernetes_deployment target")
        predictor = found["spec"]["predictor"]
        if predictor.get("canaryTrafficPercent") == 0:
            raise already("the canary has no traffic")
        status = ((found.get("status") or {}).get("components") or {}).get("predictor") or {}
        rolled_out = status.get("latestRolledoutRevision")
        if not rolled_out or rolled_out == status.get("latestCreatedRevision"):
            raise refuse("no_revision", "no earlier rolled-out revision is known to KServe")
        patch = {
            "metadata": {
                "resourceVersion": found["metadata"]["resourceVersion"],
                "annotations": {ROLLBACK_ID: intent.id},
            },
            "spec": {"predictor": {"canaryTrafficPercent": 0}},
        }
        await cluster.patch(path, patch, "application/merge-patch+json")
        return Answer("delivered", "delivered", 200, detail=f"all traffic to {rolled_out}")
