"""Requests without end through a proxy, while things happen to the sidecar behind it."""

import contextlib
import http.client
import threading

from tests.support.processes import children_of, command_line, wait_until
from tests.support.sidecar_process import Sidecar

ASKED = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [0.5]}]}'
ANSWER_SECONDS = 20.0
PAUSE_SECONDS = 0.002  # between two requests of a client, so that others have the processor too


class Load:
    """Requests one after the other on kept connections, until told to stop; every failure is kept."""

    def __init__(self, port: int, clients: int = 4) -> None:
        self.answered = 0
        self.failed: list[str] = []
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        with contextlib.closing(connection):
            while not self._stop.wait(PAUSE_SECONDS):
                try:
                    connection.request("POST", "/v2/models/stub/infer", ASKED, {"content-type": "application/json"})
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException) as error:
                    self.failed.append(repr(error))
                    connection.close()
                else:
                    self.answered += 1
                    if response.status != 200:
                        self.failed.append(str(response.status))

    def more(self, count: int) -> None:
        """Wait until so many more were answered."""
        goal = self.answered + count
        wait_until(lambda: self.answered >= goal or bool(self.failed), f"{count} more answers")

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def observer_of(sidecar: Sidecar) -> int:
    found: list[int] = []

    def there() -> bool:
        found[:] = [pid for pid in children_of(sidecar.process.pid) if "sentinel.app" in command_line(pid)]
        return bool(found)

    wait_until(there, "the observer")
    return found[0]


def analysed(sidecar: Sidecar) -> float:
    with contextlib.suppress(OSError):  # between two observers
        return sidecar.metrics("sentinel_exchanges_total", "outcome").get("analysed", 0.0)
    return 0.0
