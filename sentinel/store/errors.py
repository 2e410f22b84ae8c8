"""What a store raises."""


class StoreError(Exception):
    """Base of what a store raises."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or is busy or full: try again later."""


class StoreIncompatible(StoreError):
    """The database was written by a newer version of sentinel."""


class StoreCorrupt(StoreError):
    """What lies at the address is not a database of sentinel."""
