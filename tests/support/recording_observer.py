"""An observer for tests: receives like the real one and writes what it heard to a file, one JSON object per line.

`python -m tests.support.recording_observer FILE`, started by the supervisor.
"""

import asyncio
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sentinel.config import parse
from sentinel.intake import Callbacks, Receiver
from sentinel.traffic import Exchange, TrafficSummary
from sentinel.traffic.handover import Handover


async def record(path: Path) -> None:
    handover = Handover.inherited()
    settings = parse(handover.settings)
    with path.open("a", encoding="utf-8", buffering=1) as file:

        def write(kind: str, value: Any) -> None:
            file.write(json.dumps({"kind": kind, "value": value}) + "\n")

        def exchange(seen: Exchange) -> None:
            document = asdict(seen)
            for side in ("request", "response"):
                document[side]["body"] = document[side]["body"].decode("latin-1")
            write("exchange", document)

        def summary(seen: TrafficSummary) -> None:
            routes = [[asdict(route), asdict(traffic)] for route, traffic in seen.routes.items()]
            write("summary", {**asdict(replace(seen, routes={})), "routes": routes})

        callbacks = Callbacks(
            on_exchange=exchange,
            on_summary=summary,
            on_undecodable=lambda reason: write("undecodable", reason),
            on_lost=lambda count: write("lost", count),
            on_extra=lambda count: write("extra", count),
        )
        receiver = Receiver(handover, callbacks, settings.capture.max_body_bytes)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_reader(handover.lifeline, stop.set)
        receiver.start()
        write("started", handover.generation)
        await stop.wait()
        await receiver.stop()
        write("stopped", asdict(receiver.ledger.total()))


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
