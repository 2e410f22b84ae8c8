"""Where the sidecar sees no GPU, the utilisation panel shows DCGM's for the same pod, and only for that pod."""

import json
import subprocess
from pathlib import Path

import yaml

from sentinel.observability import build_dashboards
from tests.support.tools import need

TARGET = 'job="sentinel", namespace="prod", pod="fraud-1"'


def utilisation() -> str:
    dashboard = json.loads(build_dashboards()["model.json"])
    row = next(panel for panel in dashboard["panels"] if panel["title"] == "GPU")
    panel = next(panel for panel in row["panels"] if panel["title"] == "Utilisation")
    expr = str(panel["targets"][0]["expr"])
    return expr.replace("$job", ".+").replace("$instance", ".*")


def told(tmp_path: Path, series: dict[str, str], expected: list[dict[str, object]]) -> None:
    document = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": utilisation(), "eval_time": "5m", "exp_samples": expected}],
            }
        ],
    }
    path = tmp_path / "dcgm.yml"
    path.write_text(yaml.safe_dump(document))
    done = subprocess.run([need("promtool"), "test", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dcgm_stands_in_for_a_sidecar_without_gpu_access(tmp_path: Path) -> None:
    series = {
        f"sentinel_gpu_collector_up{{{TARGET}}}": "0x10",
        'DCGM_FI_DEV_GPU_UTIL{namespace="prod", pod="fraud-1", gpu="0", instance="node-1"}': "73x10",
        'DCGM_FI_DEV_GPU_UTIL{namespace="prod", pod="other-1", gpu="1", instance="node-1"}': "99x10",
    }
    told(tmp_path, series, [{"labels": '{gpu="0", instance="node-1"}', "value": 0.73}])


def test_nvml_comes_first(tmp_path: Path) -> None:
    series = {
        f"sentinel_gpu_collector_up{{{TARGET}}}": "1x10",
        f'sentinel_gpu_utilization_ratio{{{TARGET}, instance="a", gpu="0"}}': "0.5x10",
        'DCGM_FI_DEV_GPU_UTIL{namespace="prod", pod="fraud-1", gpu="0", instance="node-1"}': "73x10",
    }
    told(tmp_path, series, [{"labels": '{gpu="0", instance="a"}', "value": 0.5}])
