"""The admission webhook: it never stops a pod, so its faults show only as pods that nobody watches."""

from sentinel.observability.alerts.alert import WATCHED, Alert
from sentinel.observability.query import least, selector, total
from sentinel.telemetry.catalogue import injector

SHORTEST_SECONDS = 7 * 86400  # of the certificate's 30 days; it is renewed 10 days before its end
GROUP = "namespace, job"


def _failing() -> str:
    missed = selector(injector.INJECTIONS, 'outcome=~"refused|failed"')
    by_outcome = total(f"{GROUP}, outcome", f"increase({missed}[15m])")
    by_reason = total(f"{GROUP}, reason", f"increase({selector(injector.REJECTED)}[15m])")
    return f"{by_outcome} > 0\nor\n{by_reason} > 0"


INJECTOR = (
    Alert(
        "SentinelInjectorDown",
        "warning",
        f'sum by ({GROUP}) (up{{job="{injector.JOB}"}}) == 0',
        "The injecting webhook does not answer: new pods come without the sidecar.",
        "No replica of the injector{{ in_namespace }} can be scraped. Running pods keep their sidecar; what "
        "is deployed now is not watched and has to be started again afterwards. Look at the injector's pods and logs.",
        hold="5m",
    ),
    Alert(
        "SentinelInjectorCertificateExpiring",
        "warning",
        f"{least(WATCHED, selector(injector.CERTIFICATE_EXPIRES))} < time() + {SHORTEST_SECONDS}",
        "The injecting webhook's certificate was not renewed.",
        "The certificate of {{ sidecar }} ends at {{ $value | humanizeTimestamp }} (1970: there never was "
        "one). After that the API server lets pods pass without the sidecar. Its log says why it cannot be renewed.",
        hold="15m",
    ),
    Alert(
        "SentinelInjectionFailing",
        "warning",
        _failing(),
        "Pods that asked for the sidecar started without it.",
        'Reviews that ended as {{ $labels.outcome }}{{ $labels.reason }}: {{ printf "%.0f" $value }} in 15 minutes. '
        "Their pods are not watched. The injector's log names each object and the reason.",
    ),
)
