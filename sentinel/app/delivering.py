"""Delivers rollback requests and tells the metrics: the same in a sidecar and in the fleet."""

import asyncio
import time
from collections.abc import Mapping

from sentinel.config import Settings
from sentinel.rollback.deliverer import Deliverer, DelivererOptions, DeliveryEvent, Outbox
from sentinel.rollback.targets.base import Target
from sentinel.store import Store, StoreError, open_store
from sentinel.telemetry.recorder import Recorder

STORE_RETRY_SECONDS = 2.0


class Delivering:
    """Delivers over a store connection of its own; waits for a store that is away."""

    def __init__(self, settings: Settings, targets: Mapping[str, Target], recorder: Recorder) -> None:
        self._settings = settings
        self._targets = targets
        self._recorder = recorder
        self._deliverer: Deliverer | None = None

    def wake(self) -> None:
        """There is something new to deliver."""
        if self._deliverer is not None:
            self._deliverer.wake()

    async def run(self) -> None:
        """Deliver until cancelled."""
        rollback, store = self._settings.rollback, await self._opened()
        options = DelivererOptions(enforce=rollback.mode == "enforce", pause_file=rollback.pause_file)
        self._deliverer = Deliverer(store, self._targets, options, self._delivered, self._outbox)
        try:
            await self._deliverer.run()
        finally:
            store.close()

    async def _opened(self) -> Store:
        while True:
            try:
                return await asyncio.to_thread(open_store, self._settings.store.url)
            except StoreError:
                await asyncio.sleep(STORE_RETRY_SECONDS)

    def _delivered(self, event: DeliveryEvent) -> None:
        self._recorder.rollbacks.delivery(event.target, event.result, event.seconds, time.time())

    def _outbox(self, outbox: Outbox) -> None:
        self._recorder.rollbacks.outbox(outbox.pending, outbox.dead)
        self._recorder.rollbacks.armed(self._settings.rollback.mode == "enforce" and not outbox.paused)
