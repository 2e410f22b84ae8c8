"""Stores to test."""

from tests.support.store_fixtures import postgres, postgres_url, sqlite_url, url

__all__ = ["postgres", "postgres_url", "sqlite_url", "url"]
