"""One exchange made ready for a protocol's decoder: bodies without content encoding, and what the path says."""

from collections.abc import Sequence

import msgspec

from sentinel.decode import predictions, privacy
from sentinel.decode.options import DecodeOptions
from sentinel.decode.rows import Decoded, Joinable
from sentinel.decode.tables import Table
from sentinel.decode.values import Block
from sentinel.traffic import Exchange

MAX_NAME_CHARACTERS = 128
"""Model names and versions become metric labels; longer ones are cut."""

CALL_ID_HEADERS, TRACE_HEADER = ("x-request-id", "ce-requestid"), "traceparent"
REQUEST_ID_HEADERS = (*CALL_ID_HEADERS, TRACE_HEADER)


class Call(msgspec.Struct, frozen=True, gc=False):
    """`response` is None where no answer is to be seen (mirrored traffic). model, version: as the path says, or ""."""

    exchange: Exchange
    options: DecodeOptions
    request: bytes
    response: bytes | None
    model: str = ""
    version: str = ""

    def header(self, name: str) -> str:
        """A request header, "" if absent."""
        return self.exchange.request.headers.get(name, "")

    def response_header(self, name: str) -> str:
        return self.exchange.response.headers.get(name, "")

    def decoded(
        self,
        table: Table,
        outputs: Sequence[tuple[str, Block]] = (),
        *,
        model: object = "",
        version: object = "",
        request_id: object = "",
    ) -> Decoded:
        """The answer of a decoder, the only way to make one: what must not be kept is left behind here.

        Inputs and outputs are joined row by row; what the body does not say, the path may.
        """
        said = predictions.columns(outputs, table.rows, self.options)
        return Decoded(
            rows=table.rows,
            inputs=privacy.kept(table.columns, self.options, numbers=table.numbers),
            predictions=privacy.kept(said, self.options, numbers=all(output.few for _, output in outputs)),
            model=name_text(model) or self.model,
            version=configured_version(self.exchange, self.options) or name_text(version) or self.version,
            request_id=name_text(request_id) or self._request_id(),
            event_time=self.exchange.started_at,
            joinable=self._joinable(table.rows, outputs, request_id) if self.options.joinable else None,
        )

    def _joinable(self, rows: int, outputs: Sequence[tuple[str, Block]], request_id: object) -> Joinable:
        body = str(request_id) if isinstance(request_id, str | int) and not isinstance(request_id, bool) else ""
        header = next(filter(None, map(self._either, CALL_ID_HEADERS)), "")
        trace = self._either(TRACE_HEADER)
        shown = [(name, block) for name, block in outputs if not privacy.hidden(name, self.options)]
        scores = predictions.probabilities(shown, rows, self.options)
        if not (body or header):
            return Joinable(trace, scores=scores)
        return Joinable(body or header, header if body else "", trace, scores)

    def _request_id(self) -> str:
        return next(filter(None, (name_text(self._either(name)) for name in REQUEST_ID_HEADERS)), "")

    def _either(self, name: str) -> str:
        return self.header(name) or self.response_header(name)


def configured_version(exchange: Exchange, options: DecodeOptions) -> str:
    """What the header named by the operator says, of the answer or else of the request; "" if nothing."""
    name = options.version_header.lower()
    return name_text(exchange.response.headers.get(name) or exchange.request.headers.get(name)) if name else ""


def name_text(value: object) -> str:
    """A name as short printable text without secrets; "" for anything that is none. Names become labels and ids."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    text = value[:MAX_NAME_CHARACTERS]
    return privacy.kept_name(text if text.isprintable() else "".join(filter(str.isprintable, text)))
