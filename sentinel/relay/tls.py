"""TLS at a listener and to a model server, both optional. Without it encrypted traffic passes as it is, opaque.

The relay stays one connection to one connection, so both ends must speak the same protocol: a listener offers HTTP/2
when it is set to follow it (`protocol: http2`), else HTTP/1.1, and asks the server for the same.
"""

import ssl

from sentinel.relay.options import Listener


def server_context(listener: Listener) -> ssl.SSLContext | None:
    """What clients are met with; None: clear text."""
    if not listener.certificate_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(listener.certificate_file, listener.key_file or None)
    context.set_alpn_protocols(_offered(listener))
    return context


def client_context(listener: Listener) -> ssl.SSLContext | None:
    """How the model server is met; None: clear text."""
    if not listener.upstream_tls:
        return None
    context = ssl.create_default_context(cafile=listener.upstream_ca_file or None)
    context.set_alpn_protocols(_offered(listener))
    return context


def _offered(listener: Listener) -> list[str]:
    return ["h2"] if listener.protocol == "http2" else ["http/1.1"]
