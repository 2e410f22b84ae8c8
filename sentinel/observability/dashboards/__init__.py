"""The three dashboards: Fleet (who needs me?), Model (what is wrong?), Internals (can I trust sentinel?)."""

from sentinel.observability.dashboards.fleet import fleet
from sentinel.observability.dashboards.internals import internals
from sentinel.observability.dashboards.model import model

__all__ = ["fleet", "internals", "model"]
