"""The verdict's state and the life of an incident, as tables. Nothing else decides them."""

from enum import StrEnum

from sentinel.judge.verdict import State


class Condition(StrEnum):
    """What holds of a window; several may."""

    INCIDENT_OPEN = "incident_open"
    NO_REFERENCE = "no_reference"
    FOREIGN_REFERENCE = "foreign_reference"
    UNDECODABLE = "undecodable"
    COLUMNS_DO_NOT_FIT = "columns_do_not_fit"
    FEW_ROWS = "few_rows"


STATE_OF = {
    Condition.INCIDENT_OPEN: State.BREACH,
    Condition.NO_REFERENCE: State.BLIND,
    Condition.FOREIGN_REFERENCE: State.BLIND,
    Condition.UNDECODABLE: State.BLIND,
    Condition.COLUMNS_DO_NOT_FIT: State.BLIND,
    Condition.FEW_ROWS: State.INSUFFICIENT,
}
"""The verdict is the worst state of the conditions that hold, `ok` where none does."""

SENTENCE = {
    Condition.NO_REFERENCE: "there is no reference to compare with: drift is not judged",
    Condition.FOREIGN_REFERENCE: "the window was counted against another reference: drift is not judged",
    Condition.UNDECODABLE: "more than half of the recent inference traffic could not be decoded",
    Condition.COLUMNS_DO_NOT_FIT: "most inputs or predictions of the reference are missing from the traffic",
    Condition.FEW_ROWS: "{rows:,} rows in recent windows, fewer than the {minimum:,} needed to call it healthy",
}


class Phase(StrEnum):
    QUIET = "quiet"
    OPEN = "open"


class Event(StrEnum):
    PAGE_DUE = "page_due"  # wealth at 1 and the drift larger than the tolerance
    RECOVERED = "recovered"  # back within tolerance, with evidence
    RETIRED = "retired"  # the version is no longer served


INCIDENT_LIFE = {
    (Phase.QUIET, Event.PAGE_DUE): Phase.OPEN,
    (Phase.OPEN, Event.PAGE_DUE): Phase.OPEN,  # one page for one breach
    (Phase.OPEN, Event.RECOVERED): Phase.QUIET,
    (Phase.OPEN, Event.RETIRED): Phase.QUIET,
    (Phase.QUIET, Event.RETIRED): Phase.QUIET,
}
