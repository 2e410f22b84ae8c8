"""Columns and traffic become closed, mergeable windows. Pure."""
