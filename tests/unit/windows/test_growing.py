"""A grown reference counts what it was grown by, in the same cells."""

import numpy as np
import pytest

from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.windows.growing import grown
from tests.support.windows_frames import closed, columns, reference


def test_rows_of_accepted_windows_are_added_to_the_cells():
    frozen = reference(2000, joint=True)
    first, second = closed(frozen, columns(500, seed=1)), closed(frozen, columns(300, seed=2), start=60.0)
    larger = grown(frozen, first | second)
    assert larger.rows == 2800
    assert (larger.book.counts.sum(axis=1) == 2800).all()
    assert np.array_equal(larger.book.cells, frozen.book.cells)
    assert larger.fingerprint not in ("", frozen.fingerprint)
    assert larger.joint.rows == 2800
    assert from_bytes(to_bytes(larger)).fingerprint == larger.fingerprint


def test_windows_of_another_reference_are_refused():
    frozen, other = reference(2000), reference(1000)
    with pytest.raises(ValueError, match="only that one can grow"):
        grown(frozen, closed(other, columns(10)))
