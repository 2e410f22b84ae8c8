"""A PostgreSQL for the fleet."""

from tests.support.store_fixtures import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
