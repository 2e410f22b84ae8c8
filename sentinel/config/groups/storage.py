"""Where windows are kept, and who judges those of many replicas."""

from dataclasses import dataclass

from sentinel.config.groups.option import option


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str = option("sqlite:///sentinel.db", help="SQLAlchemy URL of the store.")
    retention_days: float = option(
        7.0, least=0.01, help="Days that single windows are kept; then they merge into hourly roll-ups."
    )
    hour_days: float = option(
        90.0, least=0, help="Days that hourly roll-ups are kept; then they merge into daily ones. 0: for ever."
    )
    day_days: float = option(0.0, least=0, help="Days that daily roll-ups are kept. 0: for ever.")
    rows_days: float = option(2.0, least=0.01, help="Days that the rows of capture.keep_rows are kept.")
    spool_path: str = option(
        "",
        help="Folder in which windows wait while the store is away; empty: beside a SQLite store, else in the "
        "temporary folder.",
    )
    spool_max_bytes: int = option(
        64 << 20, least=0, help="Size of that folder; the oldest windows are dropped beyond it, counted."
    )


@dataclass(frozen=True, slots=True)
class FleetSettings:
    member: bool = option(
        False, help="Leave judging and rollbacks to `sentinel fleet`; this sidecar only measures and stores."
    )
    parent_url: str = option(
        "", help="Store of a fleet of fleets: merged windows go there, as one replica's, and are judged there."
    )
    settle_seconds: float = option(
        1.0, least=0, help="Wait after a period's end, once all known replicas reported, for ones not heard of before."
    )
    straggler_seconds: float = option(
        20.0, least=0, help="Longest wait for replicas that have not reported; what comes later is kept, not judged."
    )
