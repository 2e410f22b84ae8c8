"""The sidecar of the demo: the commands and the configuration it is started with.

Belongs here: what an operator would type and write. What the sidecar then says is read by `watching`.
"""

import secrets
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from sentinel.demo.children import Children
from sentinel.demo.model import MODEL_NAME, VERSION_HEADER
from sentinel.demo.place import Place, Ports
from sentinel.demo.telling import Teller
from sentinel.demo.watching import answers

SENTINEL = (sys.executable, "-m", "sentinel.cli")
SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast the story goes. sample_ratio: share of exchanges analysed."""

    window_seconds: float = 5.0
    sample_ratio: float = 0.5


def reference_command(training_csv: Path, place: Place) -> list[str]:
    return [
        *SENTINEL,
        "reference",
        "build",
        str(training_csv),
        "--output",
        str(place.reference),
        "--name",
        MODEL_NAME,
        "--version",
        "1",
        "--prediction",
        "label",
        "--prediction",
        "probability",
    ]


def run_command(place: Place) -> list[str]:
    return [*SENTINEL, "run", "--config", str(place.configuration)]


def write_secrets(place: Place) -> None:
    """A signing secret and an admin token, new for this run, readable by the owner alone."""
    secret = f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    for path, value in ((place.secret, secret), (place.admin_token, secrets.token_urlsafe(SECRET_BYTES))):
        path.touch(mode=0o600)
        path.write_text(value + "\n", encoding="utf-8")


def demo_configuration(place: Place, ports: Ports, timing: Timing) -> dict[str, Any]:
    """sentinel.yaml of the story: defaults, but for short windows, loopback addresses and an armed rollback."""
    return own_server_configuration(place, ports, ports.address("server")) | {
        "model": {"name": MODEL_NAME, "version_header": VERSION_HEADER},
        "capture": {"sample_ratio": timing.sample_ratio},
        "reference": {"path": str(place.reference.absolute())},
        "window": {"seconds": timing.window_seconds},
        "slo": {"latency_p99_seconds": 0.25, "error_ratio": 0.01},
        "rollback": {
            "mode": "enforce",
            "targets": [
                {
                    "name": "deployer",
                    "type": "webhook",
                    "url": f"{ports.url('deployer')}/rollback",
                    "secret_file": str(place.secret.absolute()),
                    "allow_http": True,
                }
            ],
        },
    }


def own_server_configuration(place: Place, ports: Ports, upstream: str) -> dict[str, Any]:
    """sentinel.yaml in front of any server: service levels measured, drift blind until there is a reference."""
    return {
        "relay": [{"listen": ports.address("traffic"), "upstream": upstream}],
        "store": {"url": place.store_url},
        "telemetry": {"listen": ports.address("telemetry")},
        "admin": {"listen": ports.address("admin"), "token_file": str(place.admin_token.absolute())},
        "process": {"drain_seconds": 2.0},
    }


def write_configuration(place: Place, document: dict[str, Any]) -> None:
    heading = "# Written by `sentinel demo` for this run.\n"
    place.configuration.write_text(heading + yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


async def start(place: Place, ports: Ports, children: Children, session: aiohttp.ClientSession, teller: Teller) -> None:
    """`sentinel run` on the written configuration, until it is ready."""
    teller.step(f"sentinel run: traffic on {ports.address('traffic')}, telemetry on {ports.address('telemetry')}")
    ready = f"{ports.url('telemetry')}/readyz"
    await children.start("sentinel run", run_command(place), place.log("sidecar"), lambda: answers(session, ready))
