"""Rows become columns of features. Pure."""
