"""Metrics of `sentinel inject --serve`, the admission webhook: a process of its own, scraped under a job of its own.

It is light and does not load this catalogue; a test compares the two.
"""

from functools import partial

from sentinel.telemetry.catalogue.metric import Metric

_injector = partial(Metric, section="The injector")

JOB = "sentinel-injector"
OUTCOMES = ("injected", "unchanged", "not_asked", "refused", "failed")
REJECTIONS = ("malformed", "too_large", "slow")

INJECTIONS = _injector(
    "sentinel_injections_total",
    "counter",
    "Admission reviews answered.",
    ("outcome",),
    values={"outcome": OUTCOMES},
)
REJECTED = _injector(
    "sentinel_injection_rejections_total",
    "counter",
    "Requests that were no review.",
    ("reason",),
    values={"reason": REJECTIONS},
)
CERTIFICATE_FAILURES = _injector(
    "sentinel_injector_certificate_failures_total",
    "counter",
    "Looks for a certificate that failed; the last one is served on.",
)
CERTIFICATE_EXPIRES = _injector(
    "sentinel_injector_certificate_expires_timestamp_seconds",
    "gauge",
    "End of the certificate that is served.",
    (),
    "seconds",
)
