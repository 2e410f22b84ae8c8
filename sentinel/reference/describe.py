"""What a reference says, and how two differ, as plain values: for `reference show` and `reference diff`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sentinel.reference.frozen import PROBABILITIES, FrozenReference


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two references say differently. feature: "" for the reference as a whole."""

    feature: str
    what: str
    before: Any
    after: Any


def describe(reference: FrozenReference) -> dict[str, Any]:
    """The whole reference in plain values (JSON): identity, then features in the order of the schema."""
    features = _numeric(reference) | _categorical(reference)
    return {
        "name": reference.name,
        "version": reference.version,
        "fingerprint": reference.fingerprint,
        "rows": reference.rows,
        "features": [features[spec.name] for spec in reference.schema if spec.name in features],
    }


def _numeric(reference: FrozenReference) -> dict[str, dict[str, Any]]:
    table = reference.numeric
    found = {}
    for row, name in enumerate(table.names):
        counts = table.counts[row]
        bins = counts[1 : table.bins[row] + 1]
        atoms = table.edges[row, : len(bins)][_is_atom(table.edges[row, : len(bins) + 1]) & (bins > 0)]
        found[name] = _head(reference, name, counts) | {
            "quantiles": dict(zip(map(str, PROBABILITIES), map(_plain, table.quantiles[row].tolist()), strict=True)),
            "deviation": float(table.scale[row]),
            "fine_bins": len(bins),
            "own_bins": atoms.tolist(),
        }
    return found


def _categorical(reference: FrozenReference) -> dict[str, dict[str, Any]]:
    table = reference.categorical
    found = {}
    for row, name in enumerate(table.names):
        counts = table.counts[row]
        total = max(1, int(counts.sum()))
        shares = (counts / total).tolist()
        found[name] = _head(reference, name, counts) | {
            "categories": dict(zip(table.categories[row], shares, strict=False)),
            "other_ratio": shares[-4] + shares[-3],
            "pooled_categories": len(table.pooled[row]),
            "all_known": table.complete[row],
        }
    return found


def _head(reference: FrozenReference, name: str, counts: np.ndarray) -> dict[str, Any]:
    spec = reference.specs[name]
    rows = max(1, int(counts.sum()))
    return {
        "name": name,
        "kind": spec.kind,
        "role": spec.role,
        "missing_ratio": int(counts[-2]) / rows,
        "wrong_type_ratio": int(counts[-1]) / rows,
    }


def _is_atom(edges: np.ndarray) -> np.ndarray:
    same: np.ndarray = np.nextafter(edges[:-1], np.inf) == edges[1:]
    return same


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def diff(before: FrozenReference, after: FrozenReference) -> list[Difference]:
    """What differs, the reference as a whole first, then feature by feature; empty for equal fingerprints."""
    old, new = describe(before), describe(after)
    found = [
        Difference("", what, old[what], new[what]) for what in ("name", "version", "rows") if old[what] != new[what]
    ]
    mine = {feature["name"]: feature for feature in old["features"]}
    theirs = {feature["name"]: feature for feature in new["features"]}
    for name in dict.fromkeys((*mine, *theirs)):
        found += _feature_diff(name, mine.get(name), theirs.get(name))
    return found


def _feature_diff(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Difference]:
    if old is None or new is None:
        return [Difference(name, "presence", *("present" if side else "absent" for side in (old, new)))]
    keys = dict.fromkeys((*old, *new))
    return [Difference(name, key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
