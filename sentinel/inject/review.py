"""An AdmissionReview (admission.k8s.io/v1) and its answer. All is allowed; what cannot be understood is unchanged.

Contract: Kubernetes, "Dynamic Admission Control": the answer repeats the request's uid; a patch is JSON in base64.
"""

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from sentinel.inject import manifests, pod
from sentinel.inject.container import Plan
from sentinel.inject.patch import difference
from sentinel.inject.wish import Refused
from sentinel.inject.words import INJECT

Object = dict[str, Any]
Outcome = Literal["injected", "unchanged", "not_asked", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("injected", "unchanged", "not_asked", "refused", "failed")
"""unchanged: nothing was left to do. refused: the annotations ask for what cannot be. failed: an error of ours."""

VERSION = "admission.k8s.io/v1"
LONGEST_WARNING = 200
"""Characters of one warning; Kubernetes shows 256 and shortens all together to 4096."""

logger = logging.getLogger("sentinel.inject")


class Malformed(ValueError):
    """Not an AdmissionReview of the version that was asked for; there is no uid to answer to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """review: the AdmissionReview to send back. reason: why nothing was changed, "" when that needs no reason."""

    review: Object
    outcome: Outcome
    reason: str = ""


def answered(review: Any, plan: Plan) -> Answer:
    """Raises Malformed."""
    request = _request(review)
    try:
        return _answer(request, plan)
    except Refused as reason:
        return _unchanged(request["uid"], "refused", str(reason))
    except Exception as error:  # no pod is held up by what we did not think of
        logger.warning("an object could not be read", exc_info=error)
        return _unchanged(request["uid"], "failed", f"sentinel could not read this object ({type(error).__name__})")


def _request(review: Any) -> Object:
    request = review.get("request") if isinstance(review, dict) else None
    if not isinstance(request, dict) or review.get("apiVersion") != VERSION or review.get("kind") != "AdmissionReview":
        raise Malformed(f"not an AdmissionReview of {VERSION}")
    if not isinstance(request.get("uid"), str) or not request["uid"]:
        raise Malformed("the request has no uid")
    return request


def _answer(request: Object, plan: Plan) -> Answer:
    before = request["object"]
    kind = before["kind"]
    if kind not in CHANGES or (before["metadata"].get("labels") or {}).get(INJECT) != "true":
        return _unchanged(request["uid"], "not_asked")
    after = CHANGES[kind](before, replace(plan, namespace=request.get("namespace", "")))
    operations = difference(before, after)
    if not operations:
        return _unchanged(request["uid"], "unchanged")
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return Answer(_review(request["uid"], {"patchType": "JSONPatch", "patch": patch}), "injected")


CHANGES: dict[str, Callable[[Object, Plan], Object]] = {"Pod": pod.injected, "Service": manifests.led_by_annotations}


def _unchanged(uid: str, outcome: Outcome, reason: str = "") -> Answer:
    warnings = {"warnings": [f"sentinel was not injected: {reason}"[:LONGEST_WARNING]]} if reason else {}
    return Answer(_review(uid, warnings), outcome, reason)


def _review(uid: str, more: Object) -> Object:
    return {"apiVersion": VERSION, "kind": "AdmissionReview", "response": {"uid": uid, "allowed": True, **more}}
