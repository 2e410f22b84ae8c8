"""What relays and pushes hand over, made into exchanges."""

from sentinel.intake.receiver import Callbacks, Receiver

__all__ = ["Callbacks", "Receiver"]
