"""What holds for every test: property tests draw the same examples each time, so a red run is never a draw of luck.

New examples are looked for with `pytest --hypothesis-profile=explore --hypothesis-seed=N`.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")
