"""What holds for every test, so that a red run is never a draw of luck.

Property tests draw the same examples each time; new ones are looked for with
`pytest --hypothesis-profile=explore --hypothesis-seed=N`. Commands that tests start find no terminal: its width and
colours are those of whoever runs the tests.
"""

import os

from hypothesis import HealthCheck, settings

for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)

settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")
