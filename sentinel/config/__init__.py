"""What an operator may set (`settings`) and how it is read and checked (`reading`)."""

from sentinel.config.reading import ConfigurationError, Problem, load, parse, split_address
from sentinel.config.settings import Settings

__all__ = ["ConfigurationError", "Problem", "Settings", "load", "parse", "split_address"]
