"""The canonical content of a reference, as plain values: what its file holds and its fingerprint covers."""

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from sentinel.reference.packing import pack_array

if TYPE_CHECKING:
    from sentinel.reference.frozen import FrozenReference


def fingerprint_of(reference: "FrozenReference") -> str:
    """sha256 (hexadecimal) of the canonical content."""
    return hashlib.sha256(msgspec.msgpack.encode(content_of(reference), order="deterministic")).hexdigest()


def content_of(reference: "FrozenReference") -> dict[str, Any]:
    numeric, categorical = reference.numeric, reference.categorical
    arrays = ("edges", "bins", "means", "counts", "centre", "scale", "sums", "quantiles")
    return {
        "name": reference.name,
        "version": reference.version,
        "rows": reference.rows,
        "schema": [[spec.name, spec.kind, spec.role] for spec in reference.schema],
        "numeric": {"names": list(numeric.names), **{key: pack_array(getattr(numeric, key)) for key in arrays}},
        "categorical": {
            "names": list(categorical.names),
            "categories": [list(names) for names in categorical.categories],
            "pooled": [sorted(names) for names in categorical.pooled],
            "complete": list(categorical.complete),
            "counts": pack_array(categorical.counts),
        },
        "numeric_book": pack_array(reference.numeric_book),
        "categorical_book": pack_array(reference.categorical_book),
        "joint": None if reference.joint is None else [reference.joint.rows, pack_array(reference.joint.sums)],
        **({"vocabularies": dict(reference.vocabularies)} if reference.vocabularies else {}),
    }
