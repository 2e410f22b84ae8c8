"""What an operator may tell the decoder. Mirrors settings, and knows nothing of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OutputKind = Literal["auto", "value", "label", "probabilities", "logits", "embedding"]


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How bodies are read, and how much of one exchange may cost.

    protocol: name of a decoder (see `sentinel.decode.protocols`), or auto.
    rows_pointer, predictions_pointer: RFC 6901 pointers into plain JSON bodies; setting one selects plain JSON.
    columns: names of bare arrays' columns, in order.
    version_header: header of the answer or the request that carries the model version; wins over the body.
    outputs: output name -> what it holds, where the obvious reading is wrong.
    drop, hash: fields of rows and answers that are left out, or replaced by a hash under `hash_key`.
    redact: replace e-mail addresses, cards, phones and tokens in text.
    joinable: keep what labels that come later need (`rows.Joinable`).
    """

    protocol: str = "auto"
    rows_pointer: str = ""
    predictions_pointer: str = ""
    columns: tuple[str, ...] = ()
    version_header: str = ""
    outputs: Mapping[str, OutputKind] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    hash_key: str = ""
    redact: bool = True
    joinable: bool = False
    max_rows: int = 10_000
    max_columns: int = 512
    max_decompressed_bytes: int = 8 << 20


DEFAULT = DecodeOptions()
