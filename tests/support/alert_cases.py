"""For every alert: series that make it fire, and minutes at which it must be quiet: blips, low traffic, after the end.

One sample a step. A phase is (steps, value): the value of a gauge, or what a counter gains per step.
"""

from dataclasses import dataclass
from itertools import chain

Phases = tuple[tuple[int, float | None], ...]  # None: no sample

POD = 'job="sentinel", instance="a:9108", namespace="prod"'
MODEL = f'{POD}, model="fraud", model_version="7"'


@dataclass(frozen=True)
class Case:
    """series: selector -> phases. firing, quiet: steps with one firing alert, and with none. step: minutes each."""

    alert: str
    series: dict[str, Phases]
    firing: tuple[int, ...]
    quiet: tuple[int, ...]
    why: str = "fires, not on a blip, and resolves"
    step: int = 1


def values(selector: str, phases: Phases) -> str:
    """The values in promtool's notation."""
    counter = selector.split("{")[0].endswith("_total")
    told: list[str] = []
    total = 0.0
    for minutes, value in phases:
        for _ in range(minutes):
            total += value or 0.0
            told.append("_" if value is None else f"{total if counter else value:g}")
    return " ".join(told)


def gauge_case(
    alert: str, selector: str, bad: float, hold: int, good: float = 0.0, blip: bool = True, keep: int = 0
) -> Case:
    """Good, a blip shorter than `hold`, good, bad for long, good again."""
    short = max(hold - 1, 1) if blip else 0
    phases: Phases = ((10, good), (short, bad), (20 + keep, good), (hold + 20, bad), (30 + keep, good))
    began = 30 + short + keep
    quiet = (9, 10 + short - 1, began - 1) if blip and hold > 1 else (9, began - 1)
    ends = began + hold + 20
    return Case(alert, {selector: phases}, (began + hold + 10,), (*quiet, ends + keep + 15))


def incident(alert: str, cause: str) -> Case:
    selector = f'sentinel_incidents_open{{{MODEL}, cause="{cause}"}}'
    return Case(alert, {selector: ((10, 0), (20, 1), (10, 0))}, (10, 29), (9, 31))


def _slo(good_rate: float, phases: Phases) -> dict[str, Phases]:
    minutes = sum(length for length, _ in phases)
    return {
        f'sentinel_slo_events_total{{{MODEL}, slo="errors"}}': ((minutes, good_rate),),
        f'sentinel_slo_bad_events_total{{{MODEL}, slo="errors"}}': phases,
        f'sentinel_slo_accepted_ratio{{{POD}, model="fraud", slo="errors"}}': ((minutes, 0.01),),
    }


SERVING = (
    Case(
        "SentinelErrorBudgetBurnFast",
        _slo(600, ((120, 0), (3, 300), (117, 0), (60, 180), (120, 0))),
        (290,),
        (119, 124, 239, 330),
    ),
    Case(
        "SentinelErrorBudgetBurnFast",
        _slo(1, ((120, 0), (60, 1), (60, 0))),
        (),
        (130, 179),
        why="60 requests an hour alert nobody, even if all fail",
    ),
    Case(
        "SentinelErrorBudgetBurn",
        _slo(3000, ((80, 0), (1, 3000), (79, 0), (60, 300), (80, 0))),
        (218,),
        (79, 80, 159, 240),
        step=5,
    ),
    Case(
        "SentinelErrorBudgetBurnSlow",
        _slo(600, ((150, 0), (3, 60), (147, 0), (200, 24), (150, 0))),
        (490,),
        (149, 154, 299, 640),
        step=10,
    ),
)

_SCORE = f'sentinel_drift_score{{{MODEL}, feature="amount", method="psi"}}'
_LEVEL = f'sentinel_drift_notice_level{{{POD}, method="psi"}}'
_ROWS = f"sentinel_window_rows{{{MODEL}}}"
_PROBLEM = f'sentinel_feature_problem_ratio{{{MODEL}, feature="amount", problem="out_of_range"}}'
_SWAPPED = f'sentinel_data_quality_findings_total{{{MODEL}, problem="swapped"}}'
_WINDOWS = f"sentinel_windows_total{{{MODEL}}}"
_EVIDENCE = f'sentinel_evidence_ratio{{{MODEL}, book="page"}}'
_BREACH = f'sentinel_verdict{{{MODEL}, state="breach"}}'


def _feature_drift(rows: float) -> dict[str, Phases]:
    score: Phases = ((10, 0.01), (5, 0.9), (40, 0.01), (40, 0.9), (60, 0.01))
    return {_SCORE: score, _LEVEL: ((155, 0.2),), _ROWS: ((155, rows),)}


DRIFT = (
    incident("SentinelInputDrift", "input_drift"),
    incident("SentinelPredictionDrift", "prediction_drift"),
    incident("SentinelDataQualityBreach", "data_quality"),
    incident("SentinelModelQualityDegraded", "realised_quality"),
    incident("SentinelServiceLevelBreach", "error_ratio"),
    incident("SentinelServiceLevelBreach", "latency"),
    incident("SentinelOutsideBreach", "alertmanager"),
    incident("SentinelOddReplica", "odd_replica"),
    Case("SentinelFeatureDrift", _feature_drift(1000), (90,), (9, 14, 54, 130)),
    Case("SentinelFeatureDrift", _feature_drift(50), (), (14, 90), why="50 rows alert nobody, whatever the score"),
    Case(
        "SentinelFeatureProblems",
        {_PROBLEM: ((10, 0.0), (5, 0.3), (40, 0.0), (40, 0.3), (60, 0.0)), _ROWS: ((155, 1000),)},
        (90,),
        (9, 14, 54, 130),
    ),
    Case(
        "SentinelFeatureProblems",
        {_PROBLEM: ((60, 0.5),), _ROWS: ((60, 20),)},
        (),
        (40, 59),
        why="20 rows alert nobody",
    ),
    Case(
        "SentinelDataQualityFinding",
        {_SWAPPED: ((10, 0.0), (3, 1.0), (40, 0.0), (40, 1.0), (60, 0.0)), _WINDOWS: ((153, 1.0),)},
        (85,),
        (9, 12, 20, 52, 150),
    ),
    Case(
        "SentinelBreachApproaching",
        {_EVIDENCE: ((10, 0.1), (5, 0.7), (20, 0.1), (30, 0.7), (60, 0.1)), _BREACH: ((125, 0),)},
        (60,),
        (9, 14, 34, 120),
    ),
    Case(
        "SentinelBreachApproaching",
        {_EVIDENCE: ((60, 2.0),), _BREACH: ((60, 1),)},
        (),
        (30, 59),
        why="a breach has its own page",
    ),
    Case(
        "SentinelFalsePageBudgetSpent",
        {f"sentinel_drift_budget_spent_ratio{{{MODEL}}}": ((10, 0.5), (10, 1.0), (10, 0.5))},
        (15,),
        (9, 25),
    ),
    gauge_case("SentinelBlind", f'sentinel_verdict{{{MODEL}, state="blind"}}', 1, 15),
    gauge_case("SentinelInsufficientForLong", f'sentinel_verdict{{{MODEL}, state="insufficient"}}', 1, 120),
    Case(
        "SentinelUndecodable",
        {
            f'sentinel_exchanges_total{{{MODEL}, outcome="analysed"}}': ((200, 60),),
            f'sentinel_exchanges_total{{{MODEL}, outcome="undecodable"}}': (
                (60, 0),
                (3, 30),
                (37, 0),
                (50, 60),
                (50, 0),
            ),
        },
        (145,),
        (59, 64, 99, 185),
    ),
    Case(
        "SentinelUndecodable",
        {
            f'sentinel_exchanges_total{{{MODEL}, outcome="analysed"}}': ((60, 0),),
            f'sentinel_exchanges_total{{{MODEL}, outcome="undecodable"}}': ((60, 1),),
        },
        (),
        (40, 59),
        why="one exchange a minute alerts nobody",
    ),
)

_TRIGGERED = f'sentinel_rollback_decisions_total{{{POD}, model="fraud", outcome="triggered"}}'


def _deliveries(result: str) -> str:
    return f'sentinel_webhook_deliveries_total{{{POD}, target="deployer", result="{result}"}}'


_REQUESTS = f'sentinel_requests_total{{{MODEL}, code="2xx", protocol="http/1.1"}}'
_LAST = f"sentinel_rollback_last_timestamp_seconds{{{MODEL}}}"

ROLLBACK = (
    Case("SentinelRollbackTriggered", {_TRIGGERED: ((20, 0), (1, 1), (40, 0))}, (21, 28), (19, 35)),
    Case(
        "SentinelRollbackDeliveryFailing",
        {_deliveries("timeout"): ((20, 0), (10, 1), (30, 0)), _deliveries("delivered"): ((60, 0),)},
        (28,),
        (19, 45),
    ),
    Case(
        "SentinelRollbackDeliveryFailing",
        {_deliveries("timeout"): ((20, 0), (4, 1), (30, 0)), _deliveries("delivered"): ((24, 0), (1, 1), (29, 0))},
        (),
        (19, 26, 33),
        why="a request that got through in the end alerts nobody",
    ),
    Case(
        "SentinelRollbackDeadLetter",
        {f"sentinel_webhook_dead_letters{{{POD}}}": ((10, 0), (20, 1), (10, 0))},
        (15,),
        (9, 35),
    ),
    Case(
        "SentinelRollbackIneffective",
        {_REQUESTS: ((40, 60), (60, 0)), _LAST: ((5, None), (95, 300))},
        (30, 40),
        (10, 18, 60),
    ),
    Case(
        "SentinelRollbackIneffective",
        {_REQUESTS: ((10, 60), (90, 0)), _LAST: ((5, None), (95, 300))},
        (),
        (20, 40),
        why="traffic that left the version in time alerts nobody",
    ),
    Case(
        "SentinelRollbackFlapping",
        {_TRIGGERED: ((60, 0), (1, 1), (30, 0), (1, 1), (30, 0), (1, 1), (30, 0), (1, 1), (500, 0))},
        (160,),
        (59, 95, 640),
    ),
    Case(
        "SentinelRollbackDisarmed",
        {
            f"sentinel_rollback_enforced{{{POD}}}": ((3200, 1),),
            f"sentinel_rollback_armed{{{POD}}}": ((10, 1), (60, 0), (100, 1), (1600, 0), (1430, 1)),
        },
        (1750,),
        (9, 60, 169, 1600, 1800),
    ),
    Case(
        "SentinelRollbackDisarmed",
        {f"sentinel_rollback_enforced{{{POD}}}": ((1600, 0),), f"sentinel_rollback_armed{{{POD}}}": ((1600, 0),)},
        (),
        (1599,),
        why="dry-run is a choice",
    ),
)

_OTHER = 'job="sentinel", instance="b:9108", namespace="prod"'
_RESTARTS = f'sentinel_process_restarts_total{{{POD}, process="observer"}}'

SIDECAR = (
    Case(
        "SentinelDown",
        {f"up{{{POD}}}": ((10, 1), (4, 0), (20, 1), (20, 0), (20, 1)), f"up{{{_OTHER}}}": ((74, 1),)},
        (45,),
        (9, 13, 33, 60),
    ),
    Case("SentinelDown", {f"up{{{POD}}}": ((30, 0),)}, (), (20,), why="the only sidecar is for SentinelAbsent to tell"),
    Case("SentinelAbsent", {f"up{{{POD}}}": ((10, 1), (40, None), (20, 1))}, (30,), (9, 18, 60)),
    Case(
        "SentinelAbsent",
        {
            f"up{{{POD}}}": ((10, 1), (4, 0), (20, 1), (20, 0), (20, 1)),
            f"up{{{_OTHER}}}": ((30, 1), (30, 0), (14, 1)),
            'up{job="sentinel", instance="c:9108", namespace="dev"}': ((74, 1),),
        },
        (45,),
        (13, 33, 38, 60),
        why="all sidecars of one namespace are down, none of another",
    ),
    gauge_case("SentinelNotReady", f"sentinel_ready{{{POD}}}", 0, 5, good=1),
    Case(
        "SentinelDetectorStale",
        {
            f"sentinel_window_end_timestamp_seconds{{{MODEL}}}": tuple((1, 60.0 * min(i, 20)) for i in range(40))
            + tuple((1, 60.0 * i) for i in range(40, 60)),
            f"sentinel_window_seconds{{{POD}}}": ((60, 60),),
        },
        (30, 39),
        (15, 23, 45),
    ),
    Case(
        "SentinelExchangesDropped",
        {
            f'sentinel_exchanges_total{{{MODEL}, outcome="analysed"}}': ((200, 600),),
            f'sentinel_exchanges_dropped_total{{{POD}, reason="channel_full"}}': (
                (60, 0),
                (1, 100),
                (49, 0),
                (40, 90),
                (50, 0),
            ),
        },
        (145,),
        (59, 62, 109, 185),
    ),
    Case(
        "SentinelUnaccounted",
        {
            f"sentinel_exchanges_received_total{{{MODEL}}}": (
                (60, 600),
                (1, 900),
                (1, 300),
                (48, 600),
                (60, 700),
                (60, 600),
            ),
            f'sentinel_exchanges_total{{{MODEL}, outcome="analysed"}}': ((230, 600),),
        },
        (165,),
        (59, 63, 109, 220),
    ),
    Case(
        "SentinelSeriesLimitReached",
        {f'sentinel_series_dropped_total{{{POD}, metric="sentinel_drift_score"}}': ((30, 0), (40, 10), (60, 0))},
        (65,),
        (29, 35, 100),
    ),
    gauge_case("SentinelConfigReloadFailed", f"sentinel_config_last_reload_successful{{{POD}}}", 0, 5, good=1),
    Case("SentinelProcessRestarting", {_RESTARTS: ((20, 0), (1, 1), (40, 0), (5, 1), (60, 0))}, (67,), (19, 22, 90)),
    gauge_case("SentinelObserverLagging", f"sentinel_observer_lag_seconds{{{POD}}}", 60, 10),
    gauge_case("SentinelStoreDown", f"sentinel_store_up{{{POD}}}", 0, 5, good=1),
    Case("SentinelSpoolLost", {f"sentinel_spool_lost_total{{{POD}}}": ((20, 0), (2, 5), (40, 0))}, (25,), (19, 50)),
)

_LEADER = 'sentinel_fleet_leader{job="sentinel", instance="%s:9108", namespace="prod"}'
_OF_FRAUD = f'{{{POD}, model="fraud"}}'

FLEET = (
    Case(
        "SentinelFleetWithoutLeader",
        {_LEADER % "a": ((20, 1), (40, 0)), _LEADER % "b": ((21, 0), (19, 1), (20, 0))},
        (45,),
        (19, 20, 39),
        "one of two leads, a moment passes at the takeover, then nobody does",
    ),
    gauge_case("SentinelFleetLagging", f"sentinel_fleet_lag_seconds{{{POD}}}", 400, 5),
    Case(
        "SentinelFleetReplicasMissing",
        {
            f"sentinel_fleet_missing_replicas{_OF_FRAUD}": ((20, 0), (10, 5), (20, 1), (30, 5), (20, 0)),
            f"sentinel_fleet_replicas{_OF_FRAUD}": ((100, 10),),
        },
        (70,),
        (19, 30, 45, 90),
    ),
    Case(
        "SentinelFleetWindowsLate",
        {f"sentinel_fleet_late_windows_total{{{POD}}}": ((20, 0), (1, 3), (60, 0), (50, 1), (60, 0))},
        (125,),
        (19, 25, 60, 185),
    ),
)

_INJECTOR = 'job="sentinel-injector", instance="%s:9108", namespace="sentinel"'
_UP = f"up{{{_INJECTOR}}}"
_DAY = 86400.0
_ENDS = f"sentinel_injector_certificate_expires_timestamp_seconds{{{_INJECTOR % 'i'}}}"


def _injections(outcome: str) -> str:
    return f'sentinel_injections_total{{{_INJECTOR % "i"}, outcome="{outcome}"}}'


def _rejections(reason: str) -> str:
    return f'sentinel_injection_rejections_total{{{_INJECTOR % "i"}, reason="{reason}"}}'


INJECTOR = (
    Case(
        "SentinelInjectorDown",
        {_UP % "a": ((10, 1), (50, 0)), _UP % "b": ((15, 1), (4, 0), (21, 1), (10, 0), (10, 1))},
        (47,),
        (9, 18, 39, 55),
        "one of two is down, both for a moment, then both",
    ),
    Case(
        "SentinelInjectorCertificateExpiring",
        {_ENDS: ((10, 30 * _DAY), (10, 6 * _DAY), (30, 30 * _DAY), (30, 6 * _DAY), (30, 30 * _DAY))},
        (70,),
        (9, 19, 49, 100),
    ),
    Case("SentinelInjectorCertificateExpiring", {_ENDS: ((10, 0.0), (50, 30 * _DAY))}, (), (9, 40), "a slow start"),
    Case(
        "SentinelInjectionFailing",
        {_injections("injected"): ((80, 5),), _injections("refused"): ((20, 0), (1, 1), (59, 0))},
        (21, 30),
        (19, 40),
    ),
    Case("SentinelInjectionFailing", {_rejections("slow"): ((20, 0), (1, 1), (59, 0))}, (21,), (19, 40)),
    Case(
        "SentinelInjectionFailing",
        {_injections("not_asked"): ((60, 5),), _injections("unchanged"): ((60, 5),)},
        (),
        (30, 59),
        why="pods that did not ask alert nobody",
    ),
)

_RUNS = 'kube_pod_container_status_running{namespace="prod", pod="fraud-1", container="sentinel"}'
_RUNS_NATIVE = _RUNS.replace("pod_container", "pod_init_container")
_TOLD = 'sentinel_build_info{job="sentinel", namespace="prod", pod="fraud-%s"}'

OPTIONAL = (
    *(
        Case(
            "SentinelMissingOnPod",
            {
                running: ((120, 1),),
                _TOLD % 1: ((15, 1), (8, None), (20, 1), (40, None), (37, 1)),
                _TOLD % 2: ((120, 1),),
            },
            (70,),
            (14, 24, 42, 100),
            why=f"by {running.split('{')[0]}: fires, not on a blip, and resolves",
        )
        for running in (_RUNS, _RUNS_NATIVE)
    ),
    Case(
        "SentinelMissingOnPod",
        {_RUNS: ((9, 1), (50, 0))},
        (),
        (30, 50),
        why="a container that ended alerts nobody",
    ),
    Case(
        "SentinelMissingOnPod",
        {_RUNS.replace('container="sentinel"', 'container="model"'): ((60, 1),)},
        (),
        (30, 50),
        why="a pod without the sidecar is none of ours",
    ),
    Case("SentinelWatchdog", {_RUNS: ((5, 1),)}, (0, 5), ()),
)

CASES = tuple(chain(SERVING, DRIFT, ROLLBACK, SIDECAR, FLEET, INJECTOR, OPTIONAL))
