"""The memory: windows, verdicts, incidents, intents, deliveries and audit in SQL."""
