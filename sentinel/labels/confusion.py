"""What a table of predicted and true classes says: accuracy, precision, recall, F1. Pure.

Tables are [..., true class, predicted class], of counts or of expected counts. As in scikit-learn, macro means
are over the classes that occur, true or predicted; a class never predicted (never true) has precision (recall) 0.
"""

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


def accuracy(table: Table) -> Table:
    """[...]: share of the rows on the diagonal; NaN without rows."""
    return _over(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def precision(table: Table) -> Table:
    """[..., class]: share of the rows predicted as the class that are of it."""
    return _zero_over(_diagonal(table), table.sum(axis=-2))


def recall(table: Table) -> Table:
    """[..., class]: share of the rows of the class that were predicted as it."""
    return _zero_over(_diagonal(table), table.sum(axis=-1))


def f1(table: Table) -> Table:
    """[..., class]: harmonic mean of precision and recall."""
    return _zero_over(2 * _diagonal(table), np.asarray(table.sum(axis=-2) + table.sum(axis=-1)))


def macro(of_classes: Table, table: Table) -> Table:
    """[...]: mean over the classes that occur; NaN where none does."""
    occurs = (table.sum(axis=-1) + table.sum(axis=-2)) > 0
    return _over((of_classes * occurs).sum(axis=-1), occurs.sum(axis=-1))


BY_CLASS = {"precision": precision, "recall": recall, "f1": f1}


def _diagonal(table: Table) -> Table:
    return np.asarray(np.einsum("...ii->...i", table))


def _over(part: Table, whole: Table) -> Table:
    empty = np.full(np.shape(part), np.nan)
    return np.asarray(np.divide(part, whole, out=empty, where=np.asarray(whole) > 0))


def _zero_over(part: Table, whole: Table) -> Table:
    return np.asarray(np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0))
