"""Stores to test."""

from tests.support.store_fixtures import postgres, postgres_url, sqlite_url, store, url

__all__ = ["postgres", "postgres_url", "sqlite_url", "store", "url"]
