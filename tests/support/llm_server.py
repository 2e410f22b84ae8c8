"""A small OpenAI-compatible chat server that really streams over TCP, one event a token, and remembers what it did."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

WORDS = [
    "the",
    "sea",
    "has",
    "tides",
    "that",
    "follow",
    "moon",
    "and",
    "sun",
    "for",
    "hours",
    "of",
    "every",
    "day",
    "while",
    "boats",
    "wait",
    "in",
    "harbour",
]
REFUSAL = ["I'm", "sorry,", "but", "I", "cannot", "help", "with", "that."]
QUEUE_MILLISECONDS = 7


@dataclass
class Told:
    """What the server did for one call: seconds from its request until the first and the last token were written."""

    tokens: list[str]
    prompt_tokens: int
    first_token: float = 0.0
    last_token: float = 0.0
    streamed: bool = False
    left_by_client: bool = False


@dataclass
class LlmServer:
    """first_seconds, gap_seconds: pace of a stream. usage: whether streams tell it. break_off: cut the next stream
    after so many tokens (0: never). refusing: share of answers that refuse."""

    port: int = 0
    first_seconds: float = 0.0
    gap_seconds: float = 0.0
    usage: bool = True
    break_off: int = 0
    refusing: float = 0.0
    random: Random = field(default_factory=lambda: Random(3))
    calls: list[Told] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self) -> list[str]:
        """The tokens of one answer."""
        if self.random.random() < self.refusing:
            return REFUSAL
        return [self.random.choice(WORDS) for _ in range(self.random.randint(20, 60))]


@contextmanager
def llm_server() -> Iterator[LlmServer]:
    """A server on a fresh port while the block runs."""
    llm = LlmServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            begun = time.monotonic()
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told = Told(llm.answer(), len(request["messages"][-1]["content"].split()), streamed=bool(request["stream"]))
            llm.calls.append(told)
            if told.streamed:
                self._stream(told, begun)
            else:
                self._whole(told)

        def _whole(self, told: Told) -> None:
            message = {"role": "assistant", "content": " ".join(told.tokens)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = json.dumps({"id": "c", "model": "tides", "choices": [choice], "usage": _usage(told)}).encode()
            self._head("application/json", {"content-length": str(len(body))})
            self.wfile.write(body)

        def _stream(self, told: Told, begun: float) -> None:
            cut, llm.break_off = llm.break_off, 0
            self._head("text/event-stream", {"transfer-encoding": "chunked"})
            try:
                time.sleep(llm.first_seconds)
                self._event(delta={"role": "assistant"})
                for number, token in enumerate(told.tokens):
                    if cut and number == cut:
                        self.close_connection = True
                        return
                    self._event(delta={"content": ("" if number == 0 else " ") + token})
                    told.last_token = time.monotonic() - begun
                    told.first_token = told.first_token or told.last_token
                    time.sleep(llm.gap_seconds)
                self._event(delta={}, finish="stop")
                if llm.usage:
                    self._chunk(b"data: " + json.dumps({"id": "c", "choices": [], "usage": _usage(told)}).encode())
                self._chunk(b"data: [DONE]")
                self.wfile.write(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                told.left_by_client, self.close_connection = True, True

        def _head(self, content_type: str, more: dict[str, str]) -> None:
            self.send_response(200)
            headers = {"content-type": content_type, "x-queue-time": str(QUEUE_MILLISECONDS), **more}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def _event(self, delta: dict[str, Any], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            self._chunk(b"data: " + json.dumps({"id": "c", "model": "tides", "choices": [choice]}).encode())

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\n\n\r\n" % (len(data) + 2, data))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        llm.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield llm
        finally:
            server.shutdown()
            thread.join()


def _usage(told: Told) -> dict[str, Any]:
    counts = {"prompt_tokens": told.prompt_tokens, "completion_tokens": len(told.tokens)}
    return {**counts, "prompt_tokens_details": {"cached_tokens": 2}}
