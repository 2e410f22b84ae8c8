"""How the story looks: one line per window, a block per event, a live line of traffic on a terminal. Text only.

Works the same into a file or a pipe, where the live line is left out.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.status import Status

from sentinel.demo.driver import Tally, summary
from sentinel.demo.watching import Seen
from sentinel.judge.verdict import Incident
from sentinel.store.contract import AuditRecord, StoredWindow

COLOURS = {"ok": "green", "insufficient": "yellow", "blind": "yellow", "breach": "red"}


class Teller:
    """Writes the story to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._said: dict[str, str] = {}  # version -> explanation of its last window, not to be said again

    def step(self, sentence: str) -> None:
        self._console.print(f"[dim]{self._clock()}[/dim] {escape(sentence)}", highlight=False, soft_wrap=True)

    def act(self, number: int, title: str, sentence: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]Act {number}: {escape(title)}", align="left")
        self.step(sentence)

    def news(self, news: Seen) -> None:
        """What came out of the sidecar since the last time, causes before effects."""
        for window in news.windows:
            self._window(window)
        for incident in news.incidents.values():
            self._incident(incident)
        for decision in news.decisions:
            self._decision(decision)
        for accepted in news.accepted:
            self._panel(
                "rolled back",
                f"The deployment side verified the signature of webhook {accepted['webhook_id']} and switched "
                f"{accepted['model']} from version {accepted['from_version']} to version {accepted['to_version']}.",
                "green",
            )

    def moved(self, sentence: str, reasons: list[dict[str, Any]]) -> None:
        """Which features, and how far: as `watching.reasons` gives them."""
        self.step(sentence)
        for reason in reasons:
            if reason["evidence"] >= 1:
                line = f"           {reason['feature']:<22} {reason['change']}"
                self._console.print(escape(line), highlight=False, soft_wrap=True)

    def close(self, title: str, lines: list[str]) -> None:
        self._console.print()
        self._console.rule(f"[bold]{escape(title)}", align="left")
        for line in lines:
            self._console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A spinner beside `what` while the block runs."""
        with self._console.status(escape(what)):
            yield

    def live(self, tally: Tally) -> Status:
        """The live line of traffic, to be entered, and updated by `pulse`."""
        return self._console.status(escape(summary(tally)))

    def pulse(self, live: Status, tally: Tally) -> None:
        live.update(escape(summary(tally)))

    def _clock(self) -> str:
        return f"{time.monotonic() - self._begun:6.1f} s"

    def _window(self, stored: StoredWindow) -> None:
        window, colour = stored.window, COLOURS.get(stored.state, "red")
        version, said = window.key.version, stored.explanation
        again = stored.state == "breach" and self._said.get(version) == said
        self._said[version] = said
        self._console.print(
            f"[dim]{self._clock()}[/dim] window of version {escape(version) or '?'}: "
            f"{window.traffic.received:,} requests, {window.rows:,} rows, "
            f"[{colour}]{stored.state}[/{colour}] – {'as before' if again else escape(said)}",
            highlight=False,
            soft_wrap=True,
        )

    def _incident(self, incident: Incident) -> None:
        if incident.resolved_at is not None:
            self.step(f"incident {incident.id} ({incident.cause}, version {incident.version}) is resolved")
            return
        self._panel(
            f"page: {incident.cause.replace('_', ' ')} in version {incident.version}",
            f"{incident.explanation}\nFeatures: {', '.join(incident.features) or 'none'}.\n"
            f"How sure: evidence {incident.evidence:.3g}. Were nothing wrong, it would come this far less than once in "
            f"{incident.evidence:.3g} periods of the false-page budget (30 days).",
            "red",
        )

    def _decision(self, record: AuditRecord) -> None:
        self._panel(f"rollback decision: {record.outcome.replace('_', ' ')}", record.sentence, "cyan")

    def _panel(self, title: str, text: str, colour: str) -> None:
        self._console.print(
            Panel(escape(text), title=f"[bold]{escape(title)}", title_align="left", border_style=colour, width=110)
        )
