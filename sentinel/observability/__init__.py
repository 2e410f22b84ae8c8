"""Builders of dashboards and alert rules, from the metric catalogue. Build time only."""
