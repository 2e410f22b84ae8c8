"""`python -m bench.llm` (`make llm-compare`): sentinel's figures on language models beside the servers' own.

A small model with random weights, made on the spot, is served by llama.cpp's server (which tells its times with every
answer and has /metrics) and by `transformers serve`; a client streams from them through the running sidecar and keeps
its own times. Compared are sums over the same calls: what sentinel's /metrics gained, what the server says, what the
client saw. Writes docs/benchmarks/llm.{md,json}. It asserts nothing: differences are what it is for.
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.decode_conformance.__main__ import ENVIRONMENTS, ROOT, environment, installed, running
from bench.decode_conformance.servers import FOLDER, PORT, SERVERS, Server
from tests.support.ports import free_port
from tests.support.sidecar_process import Sidecar, configuration
from tests.support.sidecar_process import running as sidecar_running

PAGE = ROOT / "docs/benchmarks/llm.md"
HERE = Path(__file__).parent
TOKENS = 64
PREFIX = "sentinel_gen_ai_server_time"
LLAMACPP = "llama-cpp-python==0.3.36"  # its source archive holds all of llama.cpp
BUILD = (
    *("-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=OFF", "-DGGML_OPENMP=OFF", "-DLLAMA_CURL=OFF"),
    *("-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_UI=OFF"),
)
GREEDY = {"temperature": 0, "ignore_eos": True, "stream_options": {"include_usage": True}}  # llama.cpp's own words


@dataclass
class Seen:
    """Sums over calls, as one party has them; None where it does not say. Times in seconds."""

    calls: int = 0
    input_tokens: float | None = None
    output_tokens: float | None = None
    first_token: float | None = None
    per_token: float | None = None


@dataclass
class Client:
    """What the client measured of each call, and what the server's last event told it. settings: of every call."""

    settings: dict[str, Any] = field(default_factory=dict)
    first: list[float] = field(default_factory=list)
    per_token: list[float] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)

    def ask(self, port: int, model: str, number: int) -> None:
        body = {
            "model": model,
            "stream": True,
            "max_tokens": TOKENS,
            **self.settings,
            "messages": [{"role": "user", "content": f"Tell me about number {number}, slowly."}],
        }
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        begun = time.perf_counter()
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
        times, last = [], {}
        for line in connection.getresponse():
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            choices = event.get("choices") or [{}]
            if (choices[0].get("delta") or {}).get("content") or choices[0].get("finish_reason"):
                times.append(time.perf_counter() - begun)
            last = event if event.get("usage") else last
        connection.close()
        written = (last.get("usage") or {}).get("completion_tokens") or len(times)
        self.first.append(times[0])
        self.per_token.append((times[-1] - times[0]) / max(1, written - 1))
        self.told.append(last)
        self.pieces.append(len(times) - 1)

    def seen(self) -> Seen:
        return Seen(len(self.first), None, None, sum(self.first), sum(self.per_token))


def by_sentinel(sidecar: Sidecar, calls: int) -> Seen:
    sidecar.settled(calls)
    tokens = sidecar.metrics("sentinel_tokens_total", "direction")
    return Seen(
        int(sidecar.total("sentinel_gen_ai_calls_total")),
        tokens["input"],
        tokens["output"],
        sidecar.total(f"{PREFIX}_to_first_token_seconds_sum"),
        sidecar.total(f"{PREFIX}_per_output_token_seconds_sum"),
    )


def by_llamacpp(client: Client, metrics: dict[str, float]) -> Seen:
    """Tokens by its /metrics; times by `timings` of each answer: reading the prompt, and generating."""
    timings = [told["timings"] for told in client.told]
    return Seen(
        len(timings),
        metrics["llamacpp:prompt_tokens_total"] + metrics["llamacpp:prompt_tokens_cached_total"],
        metrics["llamacpp:tokens_predicted_total"],
        sum(told["prompt_ms"] for told in timings) / 1000,
        sum(told["predicted_ms"] / max(1, told["predicted_n"] - 1) for told in timings) / 1000,
    )


def by_usage(client: Client) -> Seen:
    """A server without metrics of its own tells only tokens."""
    used = [told["usage"] for told in client.told]
    read, written = (sum(usage[name] for usage in used) for name in ("prompt_tokens", "completion_tokens"))
    return Seen(len(used), read, written)


def plain_metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


@contextlib.contextmanager
def llamacpp() -> Iterator[tuple[Server, Path]]:
    """The server's program, built from source on first use (minutes), and how it is started."""
    place = ENVIRONMENTS / "llama.cpp-program"
    program = place / "bin/llama-server"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        print("llama.cpp: building its server from source", file=sys.stderr)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", LLAMACPP],
            cwd=place,
            check=True,
        )
        (archive,) = place.glob("llama_cpp_python-*.tar.gz")
        subprocess.run(["tar", "xzf", archive.name, "--strip-components=3", "--wildcards", "*/vendor/llama.cpp/*"],
                       cwd=place, check=True)  # fmt: skip
        subprocess.run(["cmake", "-B", "build", *BUILD], cwd=place, check=True)
        subprocess.run(["cmake", "--build", "build", "--target", "llama-server", "-j", "2"], cwd=place, check=True)
        (place / "build/bin").rename(place / "bin")
    os.environ["LD_LIBRARY_PATH"] = str(program.parent)
    script = str(HERE / "serve_llamacpp.py")
    yield Server("llama.cpp", ("gguf",), (script, PORT, FOLDER, str(program)), (), "/health"), program
    del os.environ["LD_LIBRARY_PATH"]


def compare(server: Server, calls: int, model: str, settings: dict[str, Any]) -> tuple[str, dict[str, Seen], Client]:
    python = environment(server)
    words = {"port": str(free_port())}
    with tempfile.TemporaryDirectory(prefix="sentinel-llm-") as name:
        folder = Path(name)
        words["folder"] = name
        with running(python, server, words, folder / "server.log"):
            direct = int(words["port"])
            document = configuration(folder, f"127.0.0.1:{direct}")
            with sidecar_running(folder, document) as sidecar:
                Client(settings).ask(direct, model.format(**words), 0)  # the first call of a server is no measure of it
                before = plain_metrics(direct) if server.name == "llama.cpp" else {}
                client = Client(settings)
                for number in range(1, calls + 1):
                    client.ask(sidecar.traffic, model.format(**words), number)
                seen = {"sentinel": by_sentinel(sidecar, calls), "client": client.seen()}
            if before:
                after = plain_metrics(direct)
                seen["server"] = by_llamacpp(client, {key: value - before[key] for key, value in after.items()})
            else:
                seen["server"] = by_usage(client)
    release = LLAMACPP.partition("==")[2] if server.name == "llama.cpp" else installed(python, server)
    return f"{server.name} {release}", seen, client


ROWS = (
    ("input tokens", "input_tokens", ""),
    ("output tokens", "output_tokens", ""),
    ("time to first token, mean", "first_token", "ms"),
    ("time per output token, mean", "per_token", "ms"),
)


def rows(server: str, seen: dict[str, Seen], client: Client) -> list[str]:
    lines = []
    for title, name, unit in ROWS:
        values = [getattr(seen[party], name) for party in ("sentinel", "server", "client")]
        shown = [_shown(value, seen["sentinel"].calls, unit) for value in values]
        ours, told = values[0], values[1] if values[1] is not None else values[2]
        lines.append(f"| {server} | {title} | {' | '.join(shown)} | {_difference(ours, told, seen, unit)} |")
    estimate, counted = sum(client.pieces), seen["server"].output_tokens or 0
    share = f"{estimate / counted - 1:+.1%}" if counted else "–"
    lines.append(f"| {server} | output tokens, if counted from pieces | {estimate:,} | {counted:,.0f} | – | {share} |")
    return lines


def _shown(value: float | None, calls: int, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value / calls * 1000:.2f} ms" if unit else f"{value:,.0f}"


def _difference(ours: float | None, told: float | None, seen: dict[str, Seen], unit: str) -> str:
    if ours is None or told is None:
        return "–"
    apart = (ours - told) / seen["sentinel"].calls * 1000 if unit else ours - told
    return f"{apart:+.2f} ms" if unit else f"{apart:+.0f}"


def page(lines: list[str], calls: int) -> str:
    today = datetime.datetime.now(datetime.UTC).date()
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return f"""# Language models: beside the servers' own figures

{today}, Python {platform.python_version()}, sentinel {version("sentinel-sidecar")}, {os.cpu_count()} shared cores at
load {load:.1f} per core (`make llm-compare`). {calls} streamed chats of {TOKENS} tokens at most, one at a time, through
the sidecar; small models with random weights, made on the spot. The server's time to first token is its reading of the
prompt (`timings.prompt_ms` of llama.cpp), so sentinel's is longer by HTTP, queue, templating and the first sampling;
where the server has no such figure, the difference is to the client behind the sidecar.

| server | figure | sentinel | server | client | difference |
|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="sentinel's figures on language models beside the servers' own.")
    parser.add_argument("--calls", type=int, default=40)
    calls = parser.parse_args().calls
    transformers = next(server for server in SERVERS if server.name == "transformers serve")
    lines, figures = [], {}
    with llamacpp() as (server, _):
        found = [compare(server, calls, "tiny", GREEDY)]
    found.append(compare(transformers, calls, "{folder}/tiny-llama", {}))
    for name, seen, client in found:
        lines += rows(name, seen, client)
        figures[name] = {party: vars(sums) for party, sums in seen.items()}
    text = page(lines, calls)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
