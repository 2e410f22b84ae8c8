"""Engines that run a build over many machines, as `sentinel.reference.parts.Fold`; imported where one is asked for."""

from collections.abc import Callable, Sequence
from typing import Any

from sentinel.reference.parts import Fold


def on_dask(client: Any) -> Fold:
    """Parts on the workers of a `distributed.Client`; what they give is merged there too, four at a time.

    Workers read the files themselves: paths must mean the same to them.
    """
    from dask.bag import from_sequence

    def fold(function: Callable[[Any], Any], parts: Sequence[Any], merge: Callable[[Any, Any], Any]) -> Any:
        bag: Any = from_sequence(parts, partition_size=1)  # type: ignore[no-untyped-call]
        merged = bag.map(function).fold(merge, split_every=4)
        return client.compute(merged).result()

    return fold
