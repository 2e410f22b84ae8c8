"""What passes: the model, the listeners before it, what is copied, and the processes that do it."""

from dataclasses import dataclass
from typing import Literal

from sentinel.config.groups.option import option


@dataclass(frozen=True, slots=True)
class ModelSettings:
    name: str = option("model", help="Name of the served model where the traffic does not carry one.")
    version: str = option("", help="Version being served where the traffic does not carry one.")
    version_header: str = option("", help="Header of the request or answer that carries the model version.")


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    listen: str = option("0.0.0.0:8081", help="host:port on which clients connect.")
    upstream: str = option("127.0.0.1:8080", help="host:port (or unix:/path) of the model server.")
    protocol: Literal["auto", "http1", "http2", "opaque"] = option(
        "auto", help="Protocol to follow; auto decides by the first bytes of each connection."
    )
    certificate_file: str = option("", help="PEM certificate chain; with it clients speak TLS to this listener.")
    key_file: str = option("", help="PEM key of the certificate; empty: it is in certificate_file.")
    upstream_tls: bool = option(False, help="Speak TLS to the model server.")
    upstream_ca_file: str = option("", help="PEM authorities for its certificate; empty: the system's.")
    upstream_name: str = option("", help="Name in its certificate; empty: the host of upstream.")


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    url: str = option(
        "",
        help="Second endpoint, such as a converted model, that gets a copy of sampled requests; a path in it replaces "
        "theirs. Empty: none.",
    )
    grpc_url: str = option(
        "", help="The same for gRPC calls, https://host:port or http://host:port; empty: these are not mirrored."
    )
    sample_ratio: float = option(1.0, least=0, most=1, help="Share of analysed exchanges that are mirrored.")
    max_per_second: float = option(20.0, least=0.01, help="Ceiling on mirrored requests per second.")
    concurrency: int = option(4, least=1, most=64, help="Mirrored requests under way at a time.")
    max_waiting_bytes: int = option(
        8 << 20, least=4096, help="Exchanges that wait to be mirrored; more are dropped, counted."
    )
    timeout_seconds: float = option(5.0, least=0.05, most=60, help="Time allowed for the second answer.")
    margin_ratio: float = option(
        0.01, least=1e-6, most=0.5, help="Share of rows that may differ for the two to count as equivalent."
    )
    tolerance_sd: float = option(
        0.1, least=0, help="Distance beyond which two values differ, in standard deviations of the serving model's."
    )
    false_ratio: float = option(
        0.01, least=1e-9, most=0.5, help="Chance of ever saying equivalent, or different, where it is not so."
    )
    forward_headers: tuple[str, ...] = option(
        (), help="Request headers passed on besides those of the content; no credentials go along unless named here."
    )
    authorization_file: str = option("", help="File with the value of an Authorization header for it; read every time.")
    ca_file: str = option("", help="File with the authorities trusted for it; empty: the system's.")
    allow_http: bool = option(False, help="Allow plain http and loopback addresses.")
    allowed_hosts: tuple[str, ...] = option((), help="Hosts that url may name; empty: the one it names.")

    @property
    def urls(self) -> tuple[str, ...]:
        """The second endpoints; none: nothing is mirrored."""
        return tuple(filter(None, (self.url, self.grpc_url)))


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    sample_ratio: float = option(
        0.1, least=0, most=1, help="Share of exchanges copied for analysis; independent of content."
    )
    max_samples_per_second: float = option(200.0, least=0, help="Ceiling on copied exchanges per second and worker.")
    max_body_bytes: int = option(
        1 << 20, least=0, most=1 << 30, help="Longest body analysed; longer ones are counted as undecodable."
    )
    keep_rows: int = option(
        0,
        least=0,
        most=2000,
        help="Rows of each window kept in the store, a uniform sample after drop, hash and redact; 0 keeps none.",
    )
    seed: int = option(0, least=0, help="Seed of the sampler; 0 draws one at start.")
    shadow: ShadowSettings = option(factory=ShadowSettings, help="A second model that answers the same requests.")


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    workers: int = option(1, least=1, most=64, help="Relay workers.")
    spare_worker: bool = option(
        True,
        help="Keep a started process ready to take the place of a single relay worker that dies; costs about 15 MB.",
    )
    max_connections: int = option(
        10_000, least=1, help="Open client connections per relay worker; more are reset, counted."
    )
    max_buffered_bytes: int = option(
        64 << 20,
        least=1 << 20,
        help="Bytes that wait for slow readers, in all, per relay worker; beyond it the connection for which most is "
        "waiting is reset, counted.",
    )
    drain_seconds: float = option(25.0, least=0, help="Time in-flight requests get after SIGTERM.")
    replica: str = option("", help="Name of this replica; empty: the host name.")
    reload_on_change: bool = option(
        True,
        help="Read the configuration file again when it changes, as at SIGHUP; what cannot be used changes nothing.",
    )
