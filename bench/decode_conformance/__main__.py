"""`python -m bench.decode_conformance [SERVER …]` (`make conformance`): decoders against live servers.

Each server gets an environment of its own (.conformance/NAME), a real model, and the real relay in front; its own
client asks through the relay and says what it saw. What the relay handed to the observer is decoded and compared:
number of rows and predicted values, tokens of generative models. Writes the table of docs/protocols.md and
docs/benchmarks/conformance.json. Exits 1 when anything differs.
"""

import contextlib
import datetime
import http.client
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.decode_conformance.servers import SERVERS, Server
from sentinel.decode import Decoded, decode
from sentinel.traffic import Exchange, Message
from tests.support.ports import free_port
from tests.support.relay_processes import Sidecar, sidecar, wait_for

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".conformance"
PAGE, FIGURES = ROOT / "docs/protocols.md", ROOT / "docs/benchmarks/conformance.json"
TABLE = "## Conformance\n"
NEXT = "\n## "
START_SECONDS = 120.0
ASK_SECONDS = 120.0
END_SECONDS = 10.0


def environment(server: Server) -> Path:
    """The python of the server's environment, made on first use."""
    folder = ENVIRONMENTS / server.name.replace(" ", "_")
    python, done = folder / "bin/python", folder / "done"
    if not done.exists():
        print(f"{server.name}: installing {', '.join(server.packages)}", file=sys.stderr)
        subprocess.run([server.python, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *server.packages], check=True)
        done.touch()
    return python


def installed(python: Path, server: Server) -> str:
    package = server.packages[0].partition("==")[0].partition("[")[0]
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([str(python), "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def running(python: Path, server: Server, words: dict[str, str], log: Path) -> Iterator[None]:
    """The server, ready to answer; its whole session is ended on the way out."""
    arguments = [argument.format(**words) for argument in server.serve]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), *arguments], cwd=HERE, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(
            lambda: process.poll() is not None or _ready(int(words["port"]), server.ready), "the server", START_SECONDS
        )
        if process.poll() is not None:
            raise RuntimeError(f"{server.name} ended at once: {log.read_text()[-2000:]}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def exchanges(handed: Sidecar) -> list[Exchange]:
    """What the relay handed over, as the observer would have it, in the order of the calls."""
    found = [_exchange(dict(document)) for document in handed.heard("exchange")]
    return sorted(found, key=lambda exchange: exchange.started_at)


def _exchange(document: dict[str, Any]) -> Exchange:
    for side in ("request", "response"):
        document[side] = Message(**{**document[side], "body": document[side]["body"].encode("latin-1")})
    return Exchange(**{**document, "chunk_seconds": tuple(document["chunk_seconds"])})


def tried(server: Server) -> list[dict[str, Any]]:
    """One result per call: what the client saw, what was decoded, whether they agree."""
    python = environment(server)
    words = {name: str(free_port()) for name in ("port", "grpc_port", "metrics_port")}
    with tempfile.TemporaryDirectory(prefix="sentinel-conformance-") as folder, contextlib.ExitStack() as stack:
        words["folder"] = folder
        stack.enter_context(running(python, server, words, Path(folder) / "server.log"))
        relays = {"relay": words["port"], **({"grpc_relay": words["grpc_port"]} if server.grpc else {})}
        sidecars = []
        for name, port in relays.items():
            place = Path(folder) / name
            place.mkdir()
            sidecars.append(stack.enter_context(sidecar(place, f"127.0.0.1:{port}", capture={"sample_ratio": 1.0})))
            words[name] = "{}:{}".format(*sidecars[-1].address)
        arguments = [argument.format(**words) for argument in server.ask]
        asked = subprocess.run(
            [str(python), *arguments], cwd=HERE, capture_output=True, text=True, timeout=ASK_SECONDS, check=False
        )
        if asked.returncode:
            raise RuntimeError(f"the client of {server.name} failed: {asked.stderr[-2000:]}")
        told = [json.loads(line) for line in asked.stdout.splitlines() if line.startswith("{")]
        wait_for(lambda: sum(len(inference(exchanges(one))) for one in sidecars) >= len(told), "the exchanges")
        seen = [found for one in sidecars for found in inference(exchanges(one))]
    return [compared(server, installed(python, server), *pair) for pair in zip(told, seen, strict=True)]


def inference(found: list[Exchange]) -> list[Any]:
    """Decoded calls and refusals that count as blindness, in order; health and metadata calls are left out."""
    decoded = [(decode(exchange), exchange.protocol) for exchange in found]
    return [pair for pair in decoded if isinstance(pair[0], Decoded) or pair[0].inference]


def compared(server: Server, release: str, told: dict[str, Any], seen: Any) -> dict[str, Any]:
    found, protocol = seen
    result = {"server": f"{server.name} {release}", "case": told["case"], "wire": protocol}
    if not isinstance(found, Decoded):
        return {**result, "decoded": found.reason, "agrees": False}
    values = [_label(value) for value in found.predictions.get(told["column"], ())]
    agrees = found.rows == told["rows"] and values == told["values"] and _same_tokens(found, told)
    columns = f"{found.rows} × {len(found.inputs)} inputs, {len(found.predictions)} predictions"
    model = ", ".join(filter(None, (found.model.rpartition("/")[2], found.version)))
    return {**result, "decoded": columns, "model": model, "agrees": agrees}


def _same_tokens(found: Decoded, told: dict[str, Any]) -> bool:
    """Whether usage reads as the client saw it, where it saw any."""
    counted = {name: getattr(found.usage, name, None) for name in ("input_tokens", "output_tokens")}
    return all(counted[name] == told.get(name, counted[name]) for name in counted)


def _label(value: Any) -> str:
    return str(int(value)) if not isinstance(value, str) and float(value).is_integer() else str(value)


def page(results: list[dict[str, Any]]) -> str:
    rows = "\n".join(
        f"| {r['server']} | {r['case']} | {r['wire']} | {r['decoded']} | {r.get('model') or '–'} "
        f"| {'yes' if r['agrees'] else 'NO'} |"
        for r in results
    )
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""{TABLE}
{today}, Python {platform.python_version()}, sentinel {version("sentinel-sidecar")} (`make conformance`).
Real servers with a real model (logistic regression on iris), asked by their own clients through the real relay;
"agrees": rows and predicted values are those that the client saw.

| server | call | wire | decoded | model, version | agrees |
|---|---|---|---|---|---|
{rows}
"""


def main() -> int:
    wanted = [server for server in SERVERS if not sys.argv[1:] or server.name in sys.argv[1:]]
    results = []
    for server in wanted:
        begun = time.monotonic()
        results += tried(server)
        print(f"{server.name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    text = page(results)
    if len(wanted) == len(SERVERS):
        before, _, after = PAGE.read_text().partition(TABLE)
        PAGE.write_text(before + text + after[after.index(NEXT) :])
        FIGURES.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(text)
    return 0 if all(result["agrees"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
