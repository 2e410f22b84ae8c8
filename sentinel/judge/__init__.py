"""Scores and service levels over time become verdicts, breaches and incidents. Pure."""
