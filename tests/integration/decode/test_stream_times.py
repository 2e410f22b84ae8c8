"""Times of a streamed answer, as the relay hands them and the decoder reads them."""

import asyncio
import json
from pathlib import Path

import aiohttp
from aiohttp import web

from sentinel.decode import Decoded, decode
from sentinel.traffic import Exchange, Message
from tests.support.relay_processes import Sidecar, sidecar, wait_for
from tests.support.served import served

FIRST_SECONDS, GAP_SECONDS, PIECES = 0.3, 0.1, 4


class Chat:
    """The head at once, then a token at a time, each some time after the client has the one before.

    So what the relay, in between, measures is no less than these times, however busy the machine is.
    """

    def __init__(self) -> None:
        self.arrived = asyncio.Semaphore(0)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        await asyncio.sleep(FIRST_SECONDS)
        for _ in range(PIECES):
            event = {"choices": [{"index": 0, "delta": {"content": "x"}}]}
            await answer.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            await self.arrived.acquire()
            await asyncio.sleep(GAP_SECONDS)
        await asyncio.sleep(FIRST_SECONDS)
        await answer.write(b"data: [DONE]\n\n")
        return answer

    async def read(self, answer: aiohttp.ClientResponse) -> None:
        async for line in answer.content:
            if line.startswith(b"data: {"):
                self.arrived.release()


def exchange(document: dict) -> Exchange:
    sides = {
        side: Message(**{**document[side], "body": document[side]["body"].encode("latin-1")})
        for side in ("request", "response")
    }
    return Exchange(**{**document, **sides, "chunk_seconds": tuple(document["chunk_seconds"])})


def handed(running: Sidecar) -> Exchange:
    (document,) = wait_for(lambda: running.heard("exchange"), "the exchange")
    return exchange(document)


async def test_a_head_that_comes_early_is_no_first_token_and_an_end_mark_no_last_one(tmp_path: Path) -> None:
    application, chat = web.Application(), Chat()
    application.router.add_post("/v1/chat/completions", chat.serve)
    async with served(application) as base:
        with sidecar(tmp_path, base.removeprefix("http://"), capture={"sample_ratio": 1.0}) as running:
            asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
            url = "http://{}:{}/v1/chat/completions".format(*running.address)
            async with aiohttp.ClientSession() as session, session.post(url, json=asked) as answer:
                await chat.read(answer)
            found = decode(await asyncio.to_thread(handed, running))
    assert isinstance(found, Decoded)
    usage = found.usage
    assert usage is not None
    assert (usage.output_tokens, usage.estimated, usage.aborted) == (PIECES, True, False)
    assert usage.time_to_first_token_seconds is not None
    assert usage.time_per_output_token_seconds is not None
    assert usage.output_tokens_per_second is not None
    first, whole = usage.time_to_first_token_seconds, PIECES / usage.output_tokens_per_second
    last = first + usage.time_per_output_token_seconds * (PIECES - 1)
    assert first >= FIRST_SECONDS
    assert last - first >= (PIECES - 1) * GAP_SECONDS
    assert whole - last >= FIRST_SECONDS  # the end mark came that much later
