"""What a command raises when it cannot do what was asked."""


class CommandError(Exception):
    """One sentence: what could not be done, why, and what to do."""
