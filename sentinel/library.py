"""The public library: references, windows and judges without the sidecar, on arrays, Arrow tables or data frames."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

from sentinel.decode.rows import Decoded
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.scores import FeatureScores, score
from sentinel.features import Extractor, Vocabulary, expanded, kinds_of
from sentinel.features.derived import COMPOSITES
from sentinel.features.text import tokens
from sentinel.features.vocabulary import Learning, read_vocabularies
from sentinel.judge.judge import Judge
from sentinel.reference.adapt import columns_of
from sentinel.reference.build import build
from sentinel.reference.files import build_from_file, load, save
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.truths import TruthColumns
from sentinel.reference.values import Coded
from sentinel.windows import ClosedWindow, WindowKey
from sentinel.windows import Window as PlainWindow
from sentinel.windows.growing import grown

__all__ = ["Derivation", "FalsePageBudget", "Judge", "Reference", "Window"]


class Derivation:
    """Makes columns that can be counted: texts, dates, pictures and vectors become what is said of them
    (`sentinel.features`). The first columns seen decide what each column holds, where it is not declared.

    declared: kind by column; those that are counted as they are ("numeric", "categorical") are `counted`.
    Texts are learnt first: every column goes through `learn`, then through the call.
    """

    def __init__(self, declared: Mapping[str, str] | None = None) -> None:
        given = declared or {}
        self.counted: dict[str, Any] = {name: kind for name, kind in given.items() if kind not in COMPOSITES}
        self._declared = {name: kind for name, kind in given.items() if kind in COMPOSITES}
        self._kinds: Mapping[str, str] | None = None
        self._learning: dict[str, Learning] = {}

    def decided(self, columns: Mapping[str, Any]) -> "Derivation":
        """One that takes these columns for the first, and has learnt nothing."""
        made = Derivation({**self.counted, **self._declared})
        made._kinds_of(columns)
        return made

    def __or__(self, other: "Derivation") -> "Derivation":
        """What has learnt the texts of both; they agree on what each column holds."""
        both = Derivation({**self.counted, **self._declared})
        both._kinds = self._kinds
        for name in {**self._learning, **other._learning}:
            both._learning[name] = self._learning.get(name, Learning()) | other._learning.get(name, Learning())
        return both

    def learn(self, columns: Mapping[str, Any]) -> bool:
        """Learn the tokens of texts; False where there are none to learn."""
        texts = [name for name, kind in self._kinds_of(columns).items() if kind == "text"]
        for name in texts:
            read = (tokens(text) for text in columns[name] if isinstance(text, str))
            self._learning.setdefault(name, Learning()).learn(read)
        return bool(texts)

    def __call__(self, columns: Mapping[str, Any]) -> Mapping[str, Any]:
        kinds = self._kinds_of(columns)
        plain = {name: column for name, column in columns.items() if name not in kinds}
        return plain | expanded({name: columns[name] for name in kinds}, kinds, self._learning)

    def vocabularies(self) -> dict[str, bytes]:
        """What a reference keeps of the tokens of its texts, by column."""
        return {name: learnt.vocabulary().to_bytes() for name, learnt in self._learning.items()}

    def _kinds_of(self, columns: Mapping[str, Any]) -> Mapping[str, str]:
        if self._kinds is None:
            undeclared = {n: c for n, c in columns.items() if not isinstance(c, Coded) and n not in self.counted}
            self._kinds = kinds_of(undeclared) | {n: k for n, k in self._declared.items() if n in columns}
        return self._kinds


class Window(PlainWindow):
    """An open window that takes what a notebook holds: mappings of arrays, Arrow tables and batches, data frames."""

    @cached_property
    def _vocabularies(self) -> Mapping[str, Vocabulary]:
        return read_vocabularies(self.reference.vocabularies) if self.reference is not None else {}

    def add(self, columns: Any) -> int:
        """Count rows; returns how many. Dirty values are counted as such and never raise."""
        given = columns_of(columns)
        known = self.reference.specs if self.reference is not None else given
        if given.keys() <= known.keys():
            return super().add(given)
        extractor = Extractor(tuple(known.values()), vocabularies=self._vocabularies)
        decoded = Decoded(max(map(len, given.values()), default=0), given)
        unexpected = {name: given[name] for name in extractor.unexpected(decoded)}
        return super().add({**extractor.columns(decoded), **unexpected})


class Reference(FrozenReference):
    """The frozen summary of the data a model was trained on.

    >>> reference = Reference.build({"age": [31, 45, 52] * 100}, name="fraud", version="1", kinds={"age": "numeric"})
    >>> window = reference.window()
    >>> window.add({"age": [71, 75, None]})
    3
    >>> reference.score(window.close())["age"].missing_ratio
    0.3333333333333333
    """

    @classmethod
    def build(
        cls,
        columns: Any,
        *,
        name: str,
        version: str,
        kinds: Mapping[str, str] | None = None,
        predictions: Sequence[str] = (),
        labels: Sequence[str] = (),
        joint: bool = False,
        truths: TruthColumns | None = None,
        segments: Sequence[str] = (),
    ) -> "Reference":
        """Freeze columns (name -> one value per row; also an Arrow table or a data frame) into a reference.

        kinds overrides the inferred kind of a column ("numeric", "categorical", "text", "datetime", "image",
        "embedding"); predictions and labels name the
        columns of these roles, besides those whose name begins with "prediction"; joint adds a sketch of the joint law
        of the numeric inputs, scored as "__joint__"; truths tells which columns say how good the predictions are;
        segments names categorical columns whose most frequent values are told apart. ValueError for columns of unequal
        length or none.
        """
        derivation = Derivation(kinds)
        given = columns_of(columns)
        derivation.learn(given)
        frozen = build(
            derivation(given),
            name=name,
            version=version,
            kinds=derivation.counted,
            predictions=predictions,
            labels=labels,
            joint=joint,
            truths=truths,
            segments=segments,
        )
        return cls._of(replace(frozen, vocabularies=derivation.vocabularies()))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, name: str, version: str, **options: Any) -> "Reference":
        """Freeze a CSV or Parquet file of any length; options as of `sentinel.reference.files.build_from_file`."""
        derivation = Derivation(options.pop("kinds", None))
        options |= {"kinds": derivation.counted, "derive": derivation}
        return cls._of(build_from_file(path, name=name, version=version, **options))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Reference":
        """Read a reference file; ReferenceFileError says in one sentence why it cannot be used."""
        return cls._of(load(path))

    @classmethod
    def _of(cls, frozen: FrozenReference) -> "Reference":
        return cls(**{field.name: getattr(frozen, field.name) for field in fields(frozen)})

    def grown(self, accepted: ClosedWindow) -> "Reference":
        """The reference with the rows of accepted windows counted in; it has a fingerprint of its own."""
        return self._of(grown(self, accepted))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the reference file, whole or not at all."""
        save(self, path)

    def window(self, *, start: float = 0.0, seconds: float = 60.0) -> Window:
        """An open window over [start, start + seconds), in seconds since the epoch."""
        return Window(WindowKey(self.name, self.version, ""), start, seconds, self)

    def score(self, closed: ClosedWindow) -> Mapping[str, FeatureScores]:
        """Scores by feature; ValueError when the window was counted against another reference."""
        return score(self, closed)
