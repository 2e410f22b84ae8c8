"""One JSON line on standard error for each thing that happened to the processes."""

import json
import sys
import time


def say(event: str, **facts: object) -> None:
    """Write one line: when, what, and the facts."""
    line = {"at": round(time.time(), 3), "from": "supervisor", "event": event, **facts}
    sys.stderr.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stderr.flush()
