"""Bytes pass: the byte-transparent relay, its trackers, its workers and their supervisor."""
