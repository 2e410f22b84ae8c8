"""A breach becomes at most one signed rollback request."""
