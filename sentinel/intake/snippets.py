"""Configuration with which a proxy that is already there hands its traffic to the sidecar. Pure text.

Both fail open: while the sidecar is dead, frozen or slow, requests are served. What that costs is in docs/relay.md.
"""

from string import Template

MOST_CALLS = 128
"""Requests that Envoy tells of at a time: what a sidecar that stopped reading can cost it is that many bodies."""
_MILLION = 1_000_000
_ENVOY = Template("""\
# Envoy tells sentinel of $percent % of its requests ($settings).
# http_filters: before the router, in each HTTP connection manager whose traffic is to be watched.
http_filters:
- name: sentinel
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher
    extension_config:
      name: composite
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.composite.v3.Composite}
    xds_matcher:
      on_no_match:  # of nothing: for every request
        action:
          name: sentinel
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.composite.v3.ExecuteFilterAction
            sample_percent: {default_value: {numerator: $millionths, denominator: MILLION}}
            typed_config:
              name: observer
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
                observability_mode: true  # sends and never waits
                failure_mode_allow: true  # serves on while the sidecar is away
                grpc_service:
                  envoy_grpc: {cluster_name: sentinel}
                  initial_metadata: [{key: x-sentinel-sample-ratio, value: "$ratio"}]
                processing_mode:
                  request_header_mode: SEND
                  request_body_mode: STREAMED
                  request_trailer_mode: SEND
                  response_header_mode: SEND
                  response_body_mode: STREAMED
                  response_trailer_mode: SEND
# clusters: beside the others.
clusters:
- name: sentinel
  type: STRICT_DNS
  connect_timeout: 0.25s
  circuit_breakers:  # what waits for a slow sidecar
    thresholds: [{max_requests: $requests, max_pending_requests: $requests}]
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config: {http2_protocol_options: {}}
  load_assignment:
    cluster_name: sentinel
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: $host, port_value: $port}}}
""")

_NGINX = Template("""\
# NGINX copies $percent % of its requests to sentinel, without the answers: inputs are watched, predictions are not.
# In the http block:
split_clients $$request_id $$sentinel_copies { $hundredths% 1; * 0; }
upstream sentinel { server $address max_fails=0; keepalive 16; }

# In the server block, "mirror /sentinel" in each location that is to be watched:
location / { mirror /sentinel; proxy_pass $upstream; }
location = /sentinel {
  internal;
  if ($$sentinel_copies = 0) { return 204; }
  proxy_pass http://sentinel/v1/mirror$$request_uri;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_connect_timeout 50ms;  # the longest that a sidecar which is away or frozen delays the next request
  proxy_send_timeout 50ms;     # of the same connection
  proxy_read_timeout 50ms;
  error_log /dev/null;  # or a sidecar that is away fills the log
}
""")


def envoy(host: str, port: int, ratio: float, settings: str) -> str:
    """YAML with the HTTP filter and its cluster. settings: what the sidecar must be told, in words."""
    return _ENVOY.substitute(
        host=host, port=port, ratio=f"{ratio:g}", percent=f"{100 * ratio:g}", millionths=round(ratio * _MILLION),
        requests=MOST_CALLS, settings=settings,
    )  # fmt: skip


def nginx(address: str, ratio: float, upstream: str) -> str:
    """Directives for the http block and for a server. address: host:port of the sidecar's telemetry."""
    percent = f"{100 * ratio:g}"
    return _NGINX.substitute(address=address, percent=percent, hundredths=f"{100 * ratio:.2f}", upstream=upstream)
