"""The observer of the relay benchmark: takes and strictly reads every sample, and discards it."""

import asyncio
import signal

from sentinel.intake import Callbacks, Receiver
from sentinel.traffic.handover import Handover


async def observe() -> None:
    handover = Handover.inherited()
    callbacks = Callbacks(lambda exchange: None, lambda summary: None, lambda reason: None, lambda count: None)
    receiver = Receiver(handover, callbacks, max_body_bytes=1 << 20)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    asyncio.get_running_loop().add_reader(handover.lifeline, stop.set)
    receiver.start()
    await stop.wait()
    await receiver.stop()


asyncio.run(observe())
