"""Decoded rows become the columns of a reference, or, without one, every column that can be judged.

Says which column feeds which feature; what is derived from texts, pictures and vectors is said in `derived`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sentinel.decode.rows import Column, Decoded
from sentinel.features.derived import ASPECTS, expanded, said_of, source_of
from sentinel.features.vocabulary import Vocabulary

MOST_SHAPES = 64
"""Sets of columns whose unknown ones are remembered; traffic has one or two."""


class Spec(Protocol):
    """What a reference says of a feature."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...


class Extractor:
    """Columns by feature name.

    schema: the reference's features, in its order; None takes all that traffic carries.
    ignore: names in the traffic or in the schema that are left out. rename: name in the traffic -> name of the feature.
    vocabularies: the reference's tokens, by the name of a text column.
    """

    __slots__ = (
        "_ignored",
        "_input_set",
        "_inputs",
        "_prediction_set",
        "_predictions",
        "_renamed",
        "_schema",
        "_unexpected",
        "_vocabularies",
    )

    def __init__(
        self,
        schema: Sequence[Spec] | None = None,
        ignore: Collection[str] = (),
        rename: Mapping[str, str] | None = None,
        vocabularies: Mapping[str, Vocabulary] | None = None,
    ) -> None:
        self._ignored = frozenset(ignore)
        self._renamed = dict(rename or {})
        self._vocabularies = dict(vocabularies or {})
        self._schema = None if schema is None else [spec for spec in schema if spec.name not in self._ignored]
        self._inputs = tuple(spec.name for spec in self._schema or () if spec.role == "input")
        self._predictions = tuple(spec.name for spec in self._schema or () if spec.role == "prediction")
        self._unexpected: dict[tuple[str, ...], list[str]] = {}
        self._input_set, self._prediction_set = frozenset(self._inputs), frozenset(self._predictions)

    def columns(self, decoded: Decoded) -> dict[str, Column]:
        """One column of `decoded.rows` values per feature; no text or picture is among them.

        A feature of the schema that these rows lack is missing in each of them. If they have none of the features of
        a role (an answer that was not seen, names that were not configured), that role is left out instead: nothing
        was observed. Labels come by another way.
        """
        inputs, predictions = self._named(decoded.inputs), self._named(decoded.predictions)
        if self._schema is None:
            kinds = {self._renamed.get(name, name): kind for name, kind in decoded.kinds.items()}
            return expanded({**inputs, **predictions}, kinds, self._vocabularies)
        if inputs.keys() == self._input_set and predictions.keys() == self._prediction_set:
            return {**inputs, **predictions}
        return {
            **self._matched(self._inputs, {**predictions, **inputs}, decoded.rows),
            **self._matched(self._predictions, {**inputs, **predictions}, decoded.rows),
        }

    def unexpected(self, decoded: Decoded) -> list[str]:
        """Inputs that these rows have and the schema does not: a field that is new, or was renamed.

        The columns of a generative model's call are the decoder's own, not fields of the traffic.
        """
        if self._schema is None or decoded.usage is not None or decoded.inputs.keys() == self._input_set:
            return []
        names = tuple(decoded.inputs)
        if names not in self._unexpected and len(self._unexpected) < MOST_SHAPES:
            self._unexpected[names] = self._unknown(decoded.inputs)
        found = self._unexpected.get(names)
        return self._unknown(decoded.inputs) if found is None else found

    def _unknown(self, inputs: Mapping[str, Column]) -> list[str]:
        known = {spec.name for spec in self._schema or ()}
        sources = {name.rpartition(".")[0] for name in known if name.rpartition(".")[2] in ASPECTS}
        return [name for name in self._named(inputs) if name not in known and name not in sources]

    def _named(self, columns: Mapping[str, Column]) -> Mapping[str, Column]:
        if not self._renamed and not self._ignored:
            return columns
        kept = (
            (self._renamed.get(name, name), values) for name, values in columns.items() if name not in self._ignored
        )
        return {name: values for name, values in kept if name not in self._ignored}

    def _matched(self, names: Sequence[str], columns: Mapping[str, Column], rows: int) -> dict[str, Column]:
        found = {name: columns[name] for name in names if name in columns}
        if len(found) == len(names):
            return found
        found |= self._derived([name for name in names if name not in found], columns)
        missing: Column = [None] * rows
        return {name: found.get(name, missing) for name in names} if found else {}

    def _derived(self, names: Sequence[str], columns: Mapping[str, Column]) -> dict[str, Column]:
        """Features made from another column, each column read once."""
        found: dict[str, Column] = {}
        read: dict[tuple[str, str], dict[str, Column]] = {}
        for name in names:
            if (source := source_of(name, columns)) is None:
                continue
            column, aspect = source
            kind = ASPECTS[aspect]
            if (column, kind) not in read:
                read[column, kind] = said_of(columns[column], kind, self._vocabularies.get(column))
            if aspect in read[column, kind]:
                found[name] = read[column, kind][aspect]
        return found
