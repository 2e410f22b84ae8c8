"""What is made of it: rows, features, windows, their comparison with the reference, and labels that come later."""

from dataclasses import dataclass
from typing import Literal

from sentinel.config.groups.option import option


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    protocol: str = option("auto", help="Serving protocol of the bodies; auto tells it from path, headers and content.")
    rows_pointer: str = option("", help="JSON pointer (RFC 6901) to the rows of a plain JSON request.")
    predictions_pointer: str = option("", help="JSON pointer (RFC 6901) to the predictions of a plain JSON answer.")
    columns: tuple[str, ...] = option((), help="Names of the columns when rows are bare arrays, in order.")
    outputs: dict[str, str] = option(
        factory=dict, help="Output name: auto, value, label, probabilities, logits or embedding."
    )
    drop: tuple[str, ...] = option((), help="Fields left out of rows and answers before anything else sees them.")
    hash: tuple[str, ...] = option((), help="Fields replaced by a keyed hash before anything else sees them.")
    hash_key_file: str = option("", help="File with the key of these hashes; without it they can be guessed by trying.")
    redact: bool = option(True, help="Replace e-mail addresses, cards, phones and tokens in text.")
    max_rows: int = option(10_000, least=1, help="Most rows of one exchange; larger batches are undecodable.")
    max_columns: int = option(512, least=1, help="Most columns of one exchange.")
    max_decompressed_bytes: int = option(8 << 20, least=1024, help="Longest body after content encoding is undone.")


PRIVATE_NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    ignore: tuple[str, ...] = option((), help="Features left out of the analysis.")
    rename: dict[str, str] = option(factory=dict, help="Name in the traffic: name in the reference.")
    segments: tuple[str, ...] = option(
        (), help="Columns whose segments are followed, of those of the reference; empty: all that it tells apart."
    )
    client_header: str = option(
        "",
        help="Request header that tells clients apart (x-api-key …); empty: the address that connected or, behind a "
        "trusted proxy, the right-most address of X-Forwarded-For that is none.",
    )
    trusted_proxies: tuple[str, ...] = option(
        PRIVATE_NETWORKS, help="Networks of proxies whose X-Forwarded-For is believed; private ones by default."
    )


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    path: str = option("", help="Reference file written by `sentinel reference build`; empty leaves drift blind.")


@dataclass(frozen=True, slots=True)
class WindowSettings:
    seconds: float = option(60.0, least=0.05, most=86400, help="Length of a window.")


@dataclass(frozen=True, slots=True)
class DriftSettings:
    tolerance: str = option("default", help="Harmless drift: default, nats such as 0.005, psi:0.1 or sd:0.3.")
    false_pages: float = option(
        1.0, least=1e-6, help="False pages accepted per `per_days`, over all features, windows and looks."
    )
    per_days: float = option(30.0, least=1e-3, help="Period of `false_pages`.")
    rollback_false_pages: float = option(
        0.1, least=1e-6, help="False rollback requests accepted per `per_days`: the budget of the stricter second book."
    )
    minimum_rows: int = option(200, least=1, help="Rows of recent windows below which the verdict is insufficient.")
    seasons: str = option(
        "",
        help="File written by `sentinel reference seasons`: every hour is compared with its own past. Empty: always "
        "with the reference.",
    )


FaultEffect = Literal["off", "ticket", "page"]


@dataclass(frozen=True, slots=True)
class FaultSettings:
    missing: FaultEffect = option("ticket", help="Effect of more missing values than in the reference.")
    wrong_type: FaultEffect = option("page", help="Effect of values of another type.")
    lost_field: FaultEffect = option("page", help="Effect of a feature that no row has.")
    new_field: FaultEffect = option("ticket", help="Effect of a column that the reference does not know.")
    out_of_range: FaultEffect = option("ticket", help="Effect of numbers outside the reference's extremes.")
    unseen_category: FaultEffect = option("ticket", help="Effect of categories that the reference does not have.")
    unit_change: FaultEffect = option("page", help="Effect of values in another unit.")
    swapped: FaultEffect = option("page", help="Effect of two features that changed places.")
    stuck: FaultEffect = option("ticket", help="Effect of one value in all rows.")
    duplicated_rows: FaultEffect = option("ticket", help="Effect of rows that repeat.")
    one_client: FaultEffect = option("ticket", help="Effect of one client that sends most rows.")
    hold_windows: int = option(
        3, least=1, help="Windows in a row that a fault must be in before it pages, and be gone from before it is over."
    )
    page_ratio: float = option(
        0.5, least=0, most=1, help="Share of the rows that a fault must concern before it pages."
    )


@dataclass(frozen=True, slots=True)
class SloSettings:
    latency_p99_seconds: float | None = option(None, least=0, help="99 of 100 requests answer within this time.")
    error_ratio: float | None = option(None, least=1e-6, most=0.999, help="Accepted share of failed requests (5xx).")


@dataclass(frozen=True, slots=True)
class LabelSettings:
    enabled: bool = option(
        False, help="Keep sampled predictions (class, number, probabilities; never inputs) for labels that come later."
    )
    token_file: str = option(
        "", help="File with the token that senders of POST /v1/labels must show; without it that is closed."
    )
    prediction: str = option("", help="Output with the predicted class or number; empty: as the answer shows.")
    task: Literal["auto", "classification", "regression"] = option(
        "auto", help="What the prediction is; auto takes words, truth values and whole numbers for classes."
    )
    scores: dict[str, str] = option(factory=dict, help="Class: output with its probability.")
    classes: tuple[str, ...] = option(
        (),
        help="Names of the classes, in the order of a distribution's probabilities; the last of two is the positive.",
    )
    hash_ids: bool = option(False, help="Keep request ids as hashes under the key of decode.hash_key_file.")
    wait_seconds: float = option(
        60.0, least=0, help="How long a label waits for its prediction before it counts as an orphan."
    )
    keep_days: float = option(7.0, least=0.001, help="Days that predictions wait for their labels.")
    max_predictions: int = option(1_000_000, least=1, help="Predictions kept; the oldest beyond it are forgotten.")
    quality_days: float = option(90.0, least=0.01, help="Days that the quality of windows is kept.")
    score_seconds: float = option(
        30.0, least=0.1, help="Between two looks at windows that got predictions or labels since they were scored."
    )
    recent_seconds: float = option(
        86400.0, least=1, help="Span of predictions, up to the newest, that the metrics of quality speak of."
    )
    accepted_wrong_ratio: float | None = option(
        None, least=1e-6, most=0.999, help="Accepted share of wrong predictions; empty: the reference's and the loss."
    )
    accepted_loss_ratio: float = option(
        0.02, least=0, most=0.999, help="Share of wrong predictions accepted beyond the reference's."
    )
    accepted_error: float | None = option(
        None,
        least=0,
        help="Error from which a predicted number is wrong; empty: what 9 of 10 stay within in the reference.",
    )
