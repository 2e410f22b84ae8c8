"""Rows become columns of features. Pure.

Extractor(schema, ignore, rename).columns(decoded)    one column per feature that the statistics can judge
"""

from sentinel.features.extractor import Extractor

__all__ = ["Extractor"]
