"""Dashboards, alert rules and their documents, built from the metric catalogue. Build time; sees no other stage."""

from sentinel.observability.build import (
    ExtraMissing,
    build_alerts,
    build_dashboards,
    build_documents,
    build_optional_alerts,
)
from sentinel.observability.files import stale, write

__all__ = [
    "ExtraMissing",
    "build_alerts",
    "build_dashboards",
    "build_documents",
    "build_optional_alerts",
    "stale",
    "write",
]
