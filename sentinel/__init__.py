"""sentinel: a monitoring and drift-detection sidecar for model serving.

The pipeline, in the order a byte travels:

    relay       passes bytes between client and model server, untouched and first; copies sampled exchanges
    intake      turns the copies (and pushed events) into exchanges
    decode      turns an exchange into rows, one module per serving protocol
    labels      says what predictions were worth: by the labels that come later, and as an estimate before
    features    turns rows into columns of features
    windows     counts columns and traffic into closed, mergeable windows
    reference   is the frozen summary that windows are compared with
    drift       scores a window against the reference, and carries evidence over time
    judge       turns scores and service levels into verdicts, breaches and incidents
    rollback    turns a breach into at most one signed request to take a version back
    store       remembers windows, verdicts, incidents, intents, deliveries and the audit in SQL
    telemetry   shows all of it: metrics, GPU, status page
    fleet       judges the merged windows of many replicas, by one leader
    inject      puts the sidecar into pods that exist already

As a library: `from sentinel import Reference, Judge, FalsePageBudget` (docs/library.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel.library import FalsePageBudget, Judge, Reference

__all__ = ["FalsePageBudget", "Judge", "Reference"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The library's names, imported when first asked for: a relay imports this package and must not import numpy."""
    if name not in __all__:
        raise AttributeError(f"module 'sentinel' has no attribute {name!r}")
    from sentinel import library

    return getattr(library, name)
