"""Decoders against live servers, through the real relay, by the servers' own clients. See `__main__`."""
