"""Composition root of the observer: the only file that sees every layer."""
