"""Put on PYTHONPATH: the wall clock of this process and its children is SHIFTED_CLOCK_SECONDS ahead."""

import os
import time

_true = time.time
_ahead = float(os.environ["SHIFTED_CLOCK_SECONDS"])
time.time = lambda: _true() + _ahead
