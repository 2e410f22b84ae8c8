"""A window against the reference: scores, and evidence over time. Pure."""
