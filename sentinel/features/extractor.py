"""Decoded rows become the columns of a reference, or, without one, every column that can be judged.

Says which column feeds which feature; what a value of a kind becomes is said in the modules beside this one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sentinel.decode.rows import Column, Decoded
from sentinel.features.categories import texts


class Spec(Protocol):
    """What a reference says of a feature."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def role(self) -> str: ...


class Extractor:
    """Columns by feature name.

    schema: the reference's features, in its order; None takes all that traffic carries.
    ignore: names in the traffic or in the schema that are left out. rename: name in the traffic -> name of the feature.
    """

    __slots__ = ("_ignored", "_inputs", "_predictions", "_renamed", "_schema")

    def __init__(
        self,
        schema: Sequence[Spec] | None = None,
        ignore: Collection[str] = (),
        rename: Mapping[str, str] | None = None,
    ) -> None:
        self._ignored = frozenset(ignore)
        self._renamed = dict(rename or {})
        self._schema = None if schema is None else [spec for spec in schema if spec.name not in self._ignored]
        self._inputs = [spec for spec in self._schema or () if spec.role == "input"]
        self._predictions = [spec for spec in self._schema or () if spec.role == "prediction"]

    def columns(self, decoded: Decoded) -> dict[str, Column]:
        """One column of `decoded.rows` values per feature.

        A feature of the schema that these rows lack is missing in each of them. If they have none of the features of
        a role (an answer that was not seen, names that were not configured), that role is left out instead: nothing
        was observed. Labels come by another way.
        """
        inputs, predictions = self._named(decoded.inputs), self._named(decoded.predictions)
        if self._schema is None:
            return {**inputs, **predictions}
        everything = {**predictions, **inputs}
        return {
            **_matched(self._inputs, everything, decoded.rows),
            **_matched(self._predictions, {**inputs, **predictions}, decoded.rows),
        }

    def _named(self, columns: Mapping[str, Column]) -> Mapping[str, Column]:
        if not self._renamed and not self._ignored:
            return columns
        kept = (
            (self._renamed.get(name, name), values) for name, values in columns.items() if name not in self._ignored
        )
        return {name: values for name, values in kept if name not in self._ignored}


def _matched(specs: Sequence[Spec], columns: Mapping[str, Column], rows: int) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for spec in specs:
        values = columns.get(spec.name)
        if values is not None:
            found[spec.name] = texts(values) if spec.kind == "categorical" else values
    if found and len(found) < len(specs):
        return {spec.name: found[spec.name] if spec.name in found else [None] * rows for spec in specs}
    return found
