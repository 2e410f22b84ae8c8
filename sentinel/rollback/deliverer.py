"""Carries intents out: claims what is due, asks the targets, writes down what came of it. The only loop of rollback.

What was decided is in the store before this file sees it, and every step it takes is written before the next, so that
a kill at any point costs at most one more attempt under the same id. It decides nothing: `retries` says what an
answer means, `targets` how to ask.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sentinel.rollback.egress import EgressError
from sentinel.rollback.planning import ACTOR
from sentinel.rollback.retries import Answer, Settled, Step, answer_of_failure, at_text, next_step, result_of
from sentinel.rollback.signing import SecretError
from sentinel.rollback.switches import disabled_setting, paused
from sentinel.rollback.targets.base import Target
from sentinel.store.contract import AuditRecord, Delivery, Intent, IntentState, Store
from sentinel.store.errors import StoreError

logger = logging.getLogger(__name__)

DELIVERY = "rollback.delivery"
"""Action of the audit records written here, one when an intent comes to rest."""
PAUSE_RECHECK_SECONDS = 5.0
"""How long an intent waits before its pause is looked at again."""
OUTBOX_SECONDS = 15.0
"""How often the outbox is looked at for metrics while nothing happens; another process may have paused."""
DEAD_SECONDS = 86400.0
"""A dead letter older than this is history: nobody will send it again, and no alert should stand for it."""
MOST_COUNTED = 100
LEASE_MARGIN_SECONDS = 15.0
"""A claim outlives the slowest target by this much, for the store to be slow in."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """An attempt, or (`expired`) a request given up without one, for metrics. result: one of `retries.RESULTS`."""

    target: str
    result: str
    word: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits, what was given up in the last day (a person may send it again), and why nothing is sent, or ""."""

    pending: int
    dead: int
    paused: str


@dataclass(frozen=True, slots=True)
class DelivererOptions:
    """How a deliverer runs. `clock` gives seconds since the epoch, `jitter` values in [-1, 1]."""

    enforce: bool = True
    pause_file: str = ""
    poll_seconds: float = 1.0
    lease_margin_seconds: float = LEASE_MARGIN_SECONDS
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = lambda: random.uniform(-1.0, 1.0)


class Deliverer:
    """Delivers the intents of one store.

    `store` must be this object's own: it is used from worker threads, one at a time.
    `report` is called from the event loop for each event, `outbox` after work and now and then; they must not raise.
    """

    def __init__(
        self,
        store: Store,
        targets: Mapping[str, Target],
        options: DelivererOptions = DelivererOptions(),
        report: Callable[[DeliveryEvent], None] = lambda _event: None,
        outbox: Callable[[Outbox], None] = lambda _outbox: None,
    ) -> None:
        self._store = store
        self._targets = targets
        self._options = options
        self._report = report
        self._report_outbox = outbox
        self._outbox_due = 0.0
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        slowest = max((target.timeout_seconds for target in targets.values()), default=0.0)
        self._lease_seconds = slowest + options.lease_margin_seconds

    def wake(self) -> None:
        """Look for due intents now: call it after committing some."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled. A store that cannot be used is tried again at the next turn."""
        while True:
            try:
                worked = await self.deliver_due()
                if worked or self._options.clock() >= self._outbox_due:
                    self._report_outbox(await self.outbox())
                    self._outbox_due = self._options.clock() + OUTBOX_SECONDS
            except StoreError as error:
                worked = 0
                logger.warning("rollback deliveries wait for the store: %s", error)
            if not worked:
                await self._rest()

    async def outbox(self) -> Outbox:
        """What waits and what was given up. Raises StoreError."""
        since = self._options.clock() - DEAD_SECONDS
        pending = await self._call(lambda: self._store.intents(state="pending", limit=MOST_COUNTED))
        dead = await self._call(lambda: self._store.intents(state="dead", limit=MOST_COUNTED))
        why = await self._call(lambda: paused(self._store, self._options.pause_file))
        return Outbox(len(pending), sum(intent.created_at > since for intent in dead), why)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._options.poll_seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def deliver_due(self) -> int:
        """Claim what is due and make one attempt for each, all at once; the number claimed."""
        now = self._options.clock()
        due = await self._call(lambda: self._store.due_intents(now, lease_seconds=self._lease_seconds))
        async with asyncio.TaskGroup() as group:
            for intent in due:
                group.create_task(self._handle(intent), name=f"deliver {intent.id}")
        return len(due)

    async def _handle(self, intent: Intent) -> None:
        """One turn of one intent; a store that fails now leaves the claim to run out, and the intent comes again."""
        try:
            if (word := await self._obstacle(intent)) == "paused":
                await self._postpone(intent)
            elif word:
                await self._settle(intent, "cancelled" if word == "not_enforced" else "dead", word)
            else:
                await self._attempt(intent)
        except StoreError as error:
            logger.warning("intent %s cannot be written down yet: %s", intent.id, error)

    async def _obstacle(self, intent: Intent) -> str:
        """Why no attempt may be made now, as a word, or ""."""
        if self._options.clock() >= intent.expires_at:
            return "expired"
        if not self._options.enforce:
            return "not_enforced"
        if intent.target not in self._targets:
            return "unknown_target"
        if await self._call(lambda: self._store.setting(disabled_setting(intent.target))):
            return "target_disabled"
        why = await self._call(lambda: paused(self._store, self._options.pause_file))
        return "paused" if why else ""

    async def _postpone(self, intent: Intent) -> None:
        at = min(self._options.clock() + PAUSE_RECHECK_SECONDS, intent.expires_at)
        await self._call(lambda: self._store.settle_intent(intent.id, "pending", "paused", next_attempt_at=at))

    async def _settle(self, intent: Intent, state: IntentState, word: str) -> None:
        """Bring an intent to rest without an attempt."""
        record = _record(intent, self._options.clock(), state, word, intent.attempts)
        changed = await self._call(lambda: self._store.settle_intent(intent.id, state, word, audit=(record,)))
        if changed and state == "dead":
            logger.error("rollback %s to %s was given up: %s", intent.id, intent.target, word)
            self._report(DeliveryEvent(intent.target, "expired", word))

    async def _attempt(self, intent: Intent) -> None:
        attempt = intent.attempts + 1
        started = self._options.clock()
        answer = await self._ask(self._targets[intent.target], intent, attempt, started)
        ended = self._options.clock()
        step = next_step(answer, attempt, ended, intent.expires_at, self._options.jitter())
        delivery = Delivery(intent.id, attempt, started, answer.result, answer.status, max(ended - started, 0.0))
        await self._write(intent, answer, step, delivery)
        self._tell(intent, answer, step, delivery)

    async def _ask(self, target: Target, intent: Intent, attempt: int, now: float) -> Answer:
        """One attempt, within the target's time and before the expiry."""
        seconds = min(target.timeout_seconds, intent.expires_at - now)
        try:
            async with asyncio.timeout(seconds):
                return await target.ask(intent, attempt, now)
        except TimeoutError:
            return answer_of_failure("timeout", f"no answer within {seconds:g} s")
        except Settled as settled:
            return settled.answer
        except EgressError as error:
            return answer_of_failure(error.word, error.detail)
        except SecretError as error:
            return answer_of_failure("unsigned", str(error))
        except Exception as error:  # one target's fault must stop neither the others nor the retries
            logger.exception("target %s failed on intent %s", target.name, intent.id)
            return answer_of_failure("fault", type(error).__name__)

    async def _write(self, intent: Intent, answer: Answer, step: Step, delivery: Delivery) -> None:
        """The attempt, the new state and, at rest, the audit record, in one transaction."""
        now, word = self._options.clock(), step.why or answer.result
        at_rest = step.state != "pending"
        audit = (_record(intent, now, step.state, word, delivery.attempt, answer),) if at_rest else ()
        if answer.kind == "gone":
            reason = f"it answered 410 at {at_text(now)}"
            await self._call(lambda: self._store.put_setting(disabled_setting(intent.target), reason))
        await self._call(lambda: self._store.record_delivery(delivery, step.state, step.next_attempt_at, audit=audit))

    def _tell(self, intent: Intent, answer: Answer, step: Step, delivery: Delivery) -> None:
        logger.info(
            "rollback %s to %s: attempt %d %s %s",
            intent.id,
            intent.target,
            delivery.attempt,
            answer.result,
            answer.detail,
        )
        self._report(DeliveryEvent(intent.target, result_of(answer), answer.result, delivery.seconds))
        if step.state == "dead":
            logger.error("rollback %s to %s is a dead letter: %s", intent.id, intent.target, step.why)

    async def _call(self, work: Callable[[], T]) -> T:
        """Run a store call off the event loop, one at a time."""
        async with self._turn:
            return await asyncio.to_thread(work)


SENTENCES: Mapping[str, str] = {
    "delivered": "{target} accepted the rollback of {model} from {from_version} to {to_version} at attempt {attempts}.",
    "dead": "The rollback of {model} from {from_version} never reached {target}: {word}, attempts: {attempts}.",
    "cancelled": "The rollback of {model} from {from_version} was not sent to {target}: {word}.",
}


def _record(
    intent: Intent, now: float, state: IntentState, word: str, attempts: int, answer: Answer | None = None
) -> AuditRecord:
    facts: dict[str, Any] = {
        "incident_id": intent.incident_id,
        "target": intent.target,
        "model": intent.model,
        "from_version": intent.from_version,
        "to_version": intent.to_version,
        "attempts": attempts,
        "word": word,
        "status": answer.status if answer else 0,
        "detail": answer.detail if answer else "",
        "seconds_since_decision": round(now - intent.created_at, 3),
    }
    return AuditRecord(now, ACTOR, DELIVERY, intent.id, state, SENTENCES[state].format(**facts), facts)
