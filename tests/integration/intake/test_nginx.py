"""A real NGINX with the directives that `sentinel intake nginx` prints: inputs arrive, and requests never fail."""

import os
import signal
from pathlib import Path

from sentinel.intake import snippets
from tests.support import proxies
from tests.support.intake_load import Load, analysed, observer_of
from tests.support.model_stub import model_stub
from tests.support.processes import wait_until
from tests.support.sidecar_process import configuration, running


def test_copies_are_analysed_and_no_request_fails(tmp_path: Path) -> None:
    with model_stub() as stub:
        document = configuration(tmp_path, stub.address)
        snippet = snippets.nginx(document["telemetry"]["listen"], 1.0, f"http://{stub.address}")
        with proxies.nginx(tmp_path, snippet) as port, Load(port, 2) as load:
            load.more(20)  # nobody listens yet
            with running(tmp_path, document) as sidecar:
                wait_until(lambda: analysed(sidecar) > 20, "copies to be analysed")
                outcomes = sidecar.metrics("sentinel_exchanges_total", "outcome")
                observer = observer_of(sidecar)
                os.kill(observer, signal.SIGSTOP)
                load.more(20)
                os.kill(observer, signal.SIGKILL)
                load.more(50)
            load.more(20)
    assert load.failed == []
    assert outcomes["undecodable"] == 0


def test_no_more_than_the_ratio_is_copied(tmp_path: Path) -> None:
    """Half of the requests, drawn by NGINX: at most six standard deviations more."""
    with model_stub() as stub:
        document = configuration(tmp_path, stub.address)
        snippet = snippets.nginx(document["telemetry"]["listen"], 0.5, f"http://{stub.address}")
        with running(tmp_path, document) as sidecar:
            with proxies.nginx(tmp_path, snippet) as port, Load(port, 1) as load:
                load.more(100)
                wait_until(lambda: analysed(sidecar) > 20, "copies to be analysed")
            asked = load.answered + 1
            assert analysed(sidecar) < asked / 2 + 6 * (asked / 4) ** 0.5
