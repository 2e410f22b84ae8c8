"""The relays that are compared: each started in front of an upstream port, on one core, and ended by its process id."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

ROOT = Path(__file__).parents[1]
SAMPLE_RATIO = 0.1


@dataclass
class Peer:
    """A running relay. `pids`: processes whose CPU and memory count (the relay itself, not its observer)."""

    name: str
    port: int
    process: subprocess.Popen[bytes] | None
    pids: list[int] = field(default_factory=list)

    def cpu_ns(self) -> int:
        """CPU time of its processes so far, in nanoseconds."""
        tasks = [task for pid in self.pids for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def resident_mb(self) -> float:
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids)
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def until_listening(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def start(command: list[str], port: int, core: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    until_listening(port, process)
    return process


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(deeper for child in children for deeper in descendants(int(child)))]


def upstream(folder: Path, core: int, body: str = "r" * 200) -> tuple[Peer, int]:
    """An nginx that answers `body` to any request, in HTTP/1.1 and (second port) as gRPC over cleartext HTTP/2."""
    port, grpc_port = free_port(), free_port()
    (folder / "megabyte").write_bytes(os.urandom(1 << 20))
    config = f"""
    user {getpass.getuser()}; daemon off;
    pid {folder}/upstream.pid; error_log {folder}/upstream.log error; worker_processes 1;
    events {{ worker_connections 4096; }}
    http {{ access_log off; keepalive_requests 1000000000; client_max_body_size 64m;
      client_body_temp_path {folder}/ub; proxy_temp_path {folder}/up; fastcgi_temp_path {folder}/uf;
      uwsgi_temp_path {folder}/uu; scgi_temp_path {folder}/us;
      http2_max_requests 1000000000;
      server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{body}'; }}
                location = /megabyte {{ root {folder}; }} }}
      server {{ listen 127.0.0.1:{grpc_port} http2 backlog=4096; default_type application/grpc;
                location / {{ add_trailer grpc-status 0 always; return 200 '{body}'; }} }} }}"""
    path = folder / "upstream.conf"
    path.write_text(config)
    process = start(["nginx", "-c", str(path)], port, core, folder / "upstream.out")
    return Peer("direct", port, process), grpc_port


def sse_server(folder: Path, core: int) -> Peer:
    port = free_port()
    command = [sys.executable, "-m", "bench.relay_sse", "serve", str(port)]
    return Peer("direct", port, start(command, port, core, folder / "sse.out"))


def nginx(folder: Path, target: int, core: int, *, grpc: bool) -> Peer:
    port = free_port()
    proxied = 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";'
    passing = "grpc_pass grpc://up;" if grpc else proxied
    config = f"""
    daemon off; pid {folder}/n{port}.pid; error_log {folder}/n{port}.log error; worker_processes 1;
    events {{ worker_connections 4096; }}
    http {{ access_log off; keepalive_requests 1000000000; client_max_body_size 64m;
      client_body_temp_path {folder}/nb{port}; proxy_temp_path {folder}/np{port}; fastcgi_temp_path {folder}/nf{port};
      uwsgi_temp_path {folder}/nu{port}; scgi_temp_path {folder}/ns{port};
      http2_max_requests 1000000000; proxy_buffering off; proxy_request_buffering off;
      upstream up {{ server 127.0.0.1:{target}; keepalive 512; keepalive_requests 1000000000; }}
      server {{ listen 127.0.0.1:{port} {"http2" if grpc else ""} backlog=4096; location / {{ {passing} }} }} }}"""
    path = folder / f"n{port}.conf"
    path.write_text(config)
    process = start(["nginx", "-c", str(path)], port, core, folder / f"n{port}.out")
    return Peer("nginx", port, process, descendants(process.pid))


def haproxy(folder: Path, target: int, core: int, *, grpc: bool) -> Peer:
    port, proto = free_port(), " proto h2" if grpc else ""
    path = folder / f"h{port}.cfg"
    path.write_text(f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}{proto}
  default_backend out
backend out
  server up 127.0.0.1:{target}{proto}
""")
    process = start(["haproxy", "-db", "-f", str(path)], port, core, folder / f"h{port}.out")
    return Peer("haproxy", port, process, descendants(process.pid))


def envoy(folder: Path, target: int, core: int, *, grpc: bool, binary: str) -> Peer:
    port = free_port()
    types = "type.googleapis.com/envoy.extensions"
    version = "http2_protocol_options" if grpc else "http_protocol_options"
    manager = {
        "@type": f"{types}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "codec_type": "HTTP2" if grpc else "HTTP1",
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{types}.filters.http.router.v3.Router"}}
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "0s"}}],
                }
            ]
        },
    }
    most = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    protocol = f"{types}.upstreams.http.v3.HttpProtocolOptions"
    cluster = {
        "name": "up",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [most]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": protocol,
                "explicit_http_config": {version: {}},
            }
        },
        "load_assignment": {
            "cluster_name": "up",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(target)}}]}],
        },
    }
    listener = {"address": _address(port), "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}
    path = folder / f"e{port}.json"
    path.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))
    command = [binary, "-c", str(path), "--concurrency", "1", "--base-id", str(port), "-l", "error"]
    process = start(command, port, core, folder / f"e{port}.out")
    return Peer("envoy", port, process, descendants(process.pid))


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def aiohttp_proxy(folder: Path, target: int, core: int) -> Peer:
    port = free_port()
    command = [sys.executable, str(ROOT / "bench/relay_aiohttp_proxy.py"), str(port), str(target)]
    process = start(command, port, core, folder / f"a{port}.out")
    return Peer("aiohttp", port, process, descendants(process.pid))


def grpc_proxy(folder: Path, target: int, core: int) -> Peer:
    port = free_port()
    command = [sys.executable, str(ROOT / "bench/relay_grpc_proxy.py"), str(port), str(target)]
    process = start(command, port, core, folder / f"g{port}.out")
    return Peer("grpc.aio", port, process, descendants(process.pid))


def c_relay(folder: Path, target: int, core: int) -> Peer | None:
    """None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    binary = folder / "relay_limit"
    if not binary.exists():
        subprocess.run([compiler, "-O2", "-o", str(binary), str(ROOT / "bench/relay_limit.c")], check=True)
    port = free_port()
    process = start([str(binary), str(port), str(target)], port, core, folder / f"c{port}.out")
    return Peer("c", port, process, descendants(process.pid))


def sentinel(
    folder: Path, target: int, cores: Iterable[int], *, name: str = "sentinel", protocol: str = "auto", workers: int = 1
) -> Peer:
    """The supervisor with `workers` relay workers, one to a core, and elsewhere an observer that reads and discards."""
    port = free_port()
    own = folder / f"s{port}"
    own.mkdir()
    document = {
        "settings": {
            "relay": [{"listen": f"127.0.0.1:{port}", "upstream": f"127.0.0.1:{target}", "protocol": protocol}],
            "capture": {"sample_ratio": SAMPLE_RATIO, "max_samples_per_second": 1e6},
            "process": {"workers": workers},
        },
        "observer": ["nice", sys.executable, str(ROOT / "bench/relay_observer.py")],
    }
    command = [sys.executable, "-m", "tests.support.relay_processes", json.dumps(document)]
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stderr=log, stdout=log, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    until_listening(port, process)
    while '"child":"observer"' not in (own / "log").read_text():
        time.sleep(0.05)
    started = [json.loads(line) for line in (own / "log").read_text().splitlines() if '"started"' in line]
    pids = [event["pid"] for event in started if event["child"].startswith("relay")]
    for pid, core in zip(pids, cores, strict=False):
        os.sched_setaffinity(pid, {core})
    observer = next(event["pid"] for event in started if event["child"] == "observer")
    os.sched_setaffinity(observer, {(os.cpu_count() or 1) - 1})
    return Peer(name, port, process, pids)
