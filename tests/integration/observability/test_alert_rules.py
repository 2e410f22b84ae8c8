"""Every alert, on series that should fire it and on those that should not, by promtool's unit tests of rules."""

import json
import re
import subprocess
import typing
from pathlib import Path

import pytest
import yaml

from sentinel.config.settings import FleetSettings, OptionalAlert, RollbackSettings, Settings, TelemetrySettings
from sentinel.judge.verdict import Cause
from sentinel.observability import build_alerts, build_dashboards, build_optional_alerts, stale, write
from sentinel.observability.alerts import DRIFT, FLEETS, INJECTOR, OPTIONAL, ROLLBACK, SERVING, Alert, sidecar
from sentinel.observability.build import OPTIONAL_ALERTS, UnknownAlert
from tests.support.alert_cases import CASES, Case, values
from tests.support.tools import need

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "alerts" / "runbooks"
ALERTS = (*SERVING, *DRIFT, *ROLLBACK, *sidecar("sentinel"), *FLEETS, *INJECTOR, *OPTIONAL.values())
ALWAYS = "SentinelWatchdog"
BUILT = build_alerts() | build_optional_alerts()
HEADINGS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    write(BUILT, folder)
    return folder


def as_promtool_test(case: Case) -> dict[str, object]:
    firing = f'count(ALERTS{{alertname="{case.alert}", alertstate="firing"}}) or vector(0)'
    expected = [(step, 1) for step in case.firing] + [(step, 0) for step in case.quiet]
    return {
        "name": f"{case.alert}: {case.why}",
        "interval": f"{case.step}m",
        "input_series": [{"series": name, "values": values(name, phases)} for name, phases in case.series.items()],
        "promql_expr_test": [
            {"expr": firing, "eval_time": f"{step * case.step}m", "exp_samples": [{"labels": "{}", "value": count}]}
            for step, count in expected
        ],
    }


@pytest.mark.parametrize("file", sorted(BUILT))
def test_every_alert_fires_keeps_quiet_and_resolves(file: str, rules: Path, tmp_path: Path) -> None:
    here = [case for case in CASES if f"alert: {case.alert}\n" in BUILT[file]]
    order = [group["name"] for group in yaml.safe_load(BUILT[file])["groups"]]  # promtool's own is random
    for step in {case.step for case in here}:
        document = {
            "rule_files": [str(rules / file)],
            "evaluation_interval": f"{step}m",
            "group_eval_order": order,
            "tests": [as_promtool_test(case) for case in here if case.step == step],
        }
        path = tmp_path / f"cases-{step}.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        done = subprocess.run([need("promtool"), "test", "rules", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_that_fires_and_minutes_that_do_not() -> None:
    for alert in ALERTS:
        cases = [case for case in CASES if case.alert == alert.name]
        assert any(case.firing and (case.quiet or alert.name == ALWAYS) for case in cases), alert.name
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}


def test_rules_pass_promtools_linter(rules: Path) -> None:
    files = sorted(rules.glob("*.yml"))
    done = subprocess.run([need("promtool"), "check", "rules", "--lint=all", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_to_do_and_has_its_runbook(alert: Alert) -> None:
    assert alert.severity in ("critical", "warning", "info") or alert.name == ALWAYS
    assert alert.summary.endswith(".")
    assert "{{" not in alert.summary
    assert len(alert.description) > 60
    page = (RUNBOOKS / f"{alert.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {alert.name}\n")
    positions = [page.index(heading) for heading in HEADINGS]
    assert positions == sorted(positions)
    assert "```" in page[positions[2] : positions[3]], "diagnosis needs a command"


def test_there_is_no_runbook_without_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {alert.name for alert in ALERTS}


def test_every_cause_of_an_incident_has_its_alert() -> None:
    told = " ".join(alert.expr for alert in DRIFT)
    for cause in Cause.__args__:  # type: ignore[attr-defined]
        assert re.search(rf'cause=~?"([a-z_|]+\|)?{cause}["|]', told)


def test_breaches_page_and_scores_do_not() -> None:
    severities = {alert.name: alert.severity for alert in ALERTS}
    assert severities["SentinelInputDrift"] == severities["SentinelPredictionDrift"] == "critical"
    assert severities["SentinelFeatureDrift"] == severities["SentinelBreachApproaching"] == "warning"


def test_severities_and_parts_follow_the_configuration() -> None:
    telemetry = TelemetrySettings(
        scrape_job="models", alert_severities={"SentinelBlind": "critical", "SentinelOddReplica": "none"}
    )
    built = build_alerts(Settings(telemetry=telemetry, rollback=RollbackSettings(mode="off")))
    assert set(built) == {"sentinel-drift.yml", "sentinel-sidecar.yml", "sentinel-injector.yml"}
    drift = {rule["alert"]: rule for rule in yaml.safe_load(built["sentinel-drift.yml"])["groups"][0]["rules"]}
    assert drift["SentinelBlind"]["labels"]["severity"] == "critical"
    assert "SentinelOddReplica" not in drift
    assert 'up{job="models"}' in built["sentinel-sidecar.yml"]


def test_optional_alerts_are_written_where_they_are_asked_for() -> None:
    assert not any(name in "".join(build_alerts().values()) for name in OPTIONAL_ALERTS)
    asked = Settings(telemetry=TelemetrySettings(optional_alerts=("SentinelWatchdog",)))
    assert set(build_alerts(asked)) - set(build_alerts(Settings())) == {"sentinel-watchdog.yml"}
    both = build_alerts(asked, ("SentinelMissingOnPod",))
    assert set(both) - set(build_alerts(asked)) == {"sentinel-missing-on-pod.yml"}
    assert typing.get_args(OptionalAlert) == OPTIONAL_ALERTS


def test_severities_of_alerts_that_do_not_exist_are_refused() -> None:
    settings = Settings(telemetry=TelemetrySettings(alert_severities={"SentinelBlnd": "critical"}))
    with pytest.raises(UnknownAlert, match="there is no alert SentinelBlnd"):
        build_alerts(settings)


@pytest.mark.parametrize(
    ("alert", "series", "values", "leads_to"),
    [
        (
            "SentinelBlind",
            'sentinel_verdict{model="fraud & co", model_version="7", state="blind"}',
            "1x60",
            "sentinel-model?var-model=fraud+%26+co&var-version=7",
        ),
        (
            "SentinelSpoolLost",
            'sentinel_spool_lost_total{instance="a:9108"}',
            "0+1x60",
            "sentinel-internals?var-instance=a%3A9108",
        ),
        ("SentinelFleetLagging", 'sentinel_fleet_lag_seconds{job="sentinel"}', "400x60", "sentinel-fleet"),
    ],
)
def test_alerts_lead_to_their_dashboard(alert: str, series: str, values: str, leads_to: str, tmp_path: Path) -> None:
    telemetry = TelemetrySettings(grafana_url="https://grafana.example/")
    paths = write(build_alerts(Settings(telemetry=telemetry, fleet=FleetSettings(member=True))), tmp_path)
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values}],
        "alert_rule_test": [{"eval_time": "30m", "alertname": alert, "exp_alerts": []}],
    }
    document = {"rule_files": [str(path) for path in paths], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    done = subprocess.run([need("promtool"), "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True)
    assert f'dashboard_url="https://grafana.example/d/{leads_to}"' in done.stdout + done.stderr  # what it got instead
    assert leads_to.split("?")[0] in {json.loads(text)["uid"] for text in build_dashboards().values()}


def test_the_committed_rules_are_what_is_built() -> None:
    assert stale(build_alerts(), ROOT / "alerts") == [], "run `make observability`"
    assert stale(build_optional_alerts(), ROOT / "alerts" / "optional") == [], "run `make observability`"
