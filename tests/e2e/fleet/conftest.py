"""A real PostgreSQL."""

from tests.support.store_fixtures import postgres

__all__ = ["postgres"]
