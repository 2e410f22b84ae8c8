"""Rows become columns of features. Pure.

Extractor(schema, ignore, rename).columns(decoded)   one column per feature that the statistics can judge
expanded(columns, kinds)                             the same for a table: references are built from these columns
"""

from sentinel.features.derived import expanded, kinds_of
from sentinel.features.embedding import EmbeddingSketch
from sentinel.features.extractor import Extractor
from sentinel.features.vocabulary import Vocabulary

__all__ = ["EmbeddingSketch", "Extractor", "Vocabulary", "expanded", "kinds_of"]
