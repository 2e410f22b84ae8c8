"""From settings to the parts of an observer; every refusal of a setting comes from here."""

import dataclasses
import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sentinel.app.labelling import Labelling, Told
from sentinel.app.memory import StoreMemory
from sentinel.app.pipeline import Pipeline, PipelineOptions
from sentinel.app.queue import JudgingQueue
from sentinel.app.scoring import Scorer
from sentinel.app.shadowing import Shadowing
from sentinel.app.verdicts import Judging, accepted_wrong_ratio, policy_options
from sentinel.config import ConfigurationError, Problem, Settings
from sentinel.config.settings import LabelSettings
from sentinel.decode import DecodeOptions
from sentinel.features.text import tells_languages
from sentinel.judge.binding import Roles
from sentinel.judge.policy import Policy, PolicyOptions
from sentinel.judge.seasons import Seasons
from sentinel.labels.kept import AnswerSpec
from sentinel.labels.keys import KeyOptions
from sentinel.reference.files import ReferenceFileError, load
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.packing import FormatError
from sentinel.rollback.targets.base import Target
from sentinel.rollback.targets.building import build_targets
from sentinel.rollback.trial import Predictions
from sentinel.store import StoreCorrupt, StoreIncompatible, StoreUnavailable, open_store
from sentinel.store.spool import Spool, folder_for
from sentinel.store.writer import Writer
from sentinel.telemetry.recorder import Recorder

logger = logging.getLogger("sentinel.observer")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an observer is made of."""

    settings: Settings
    reference: FrozenReference | None
    pipeline: Pipeline
    queue: JudgingQueue
    writer: Writer
    recorder: Recorder
    targets: Mapping[str, Target]
    labelling: Labelling | None = None
    shadowing: Shadowing | None = None


def assemble(settings: Settings) -> Parts:
    """Build all parts. Raises ConfigurationError for what the settings name and cannot be used."""
    reference = load_reference(settings)
    replica = settings.process.replica or socket.gethostname()
    writer = Writer(lambda: open_store(settings.store.url), _spool(settings))
    options = judging_options(settings, reference)
    alone = settings.store.url.startswith("sqlite")
    memory = StoreMemory(writer, settings.rollback, replica, predictions_of(reference, options), alone=alone)
    judging = Judging(reference, options, memory, member=settings.fleet.member)
    pipeline = Pipeline(reference, pipeline_options(settings, replica, reference))
    pipeline.resume(_closed_until(writer, replica))
    recorder = Recorder(settings, started_at=time.time())
    return Parts(
        settings=settings,
        reference=reference,
        pipeline=pipeline,
        queue=JudgingQueue(judging, writer),
        writer=writer,
        recorder=recorder,
        targets=build_targets(settings.rollback),
        labelling=_labelling(settings, reference, recorder) if settings.labels.enabled else None,
        shadowing=_shadowing(settings, pipeline, writer, recorder),
    )


def _shadowing(settings: Settings, pipeline: Pipeline, writer: Writer, recorder: Recorder) -> Shadowing | None:
    """The second model, where there is one."""
    if not settings.capture.shadow.urls:
        return None
    shadowing = Shadowing(settings, pipeline.options.decode, writer, recorder)
    shadowing.resume()
    return shadowing


def load_reference(settings: Settings) -> FrozenReference | None:
    """The reference file of the settings, or None when there is none. Raises ConfigurationError."""
    if not settings.reference.path:
        return None
    try:
        reference = load(settings.reference.path)
    except ReferenceFileError as error:
        raise ConfigurationError([Problem("reference.path", str(error))]) from error
    languages = [name for name in reference.names if name.endswith(".language")]
    if languages and not tells_languages():
        sentence = f"the reference has {languages[0]}, which needs pycld2; install sentinel-sidecar[language]"
        raise ConfigurationError([Problem("reference.path", sentence)])
    known = {segments.column for segments in reference.segments}
    for column in settings.features.segments:
        if column not in known:
            sentence = f"the reference does not tell {column} apart; build it with --segment {column}"
            raise ConfigurationError([Problem("features.segments", sentence)])
    return reference


def judging_options(settings: Settings, reference: FrozenReference | None) -> PolicyOptions:
    """The judge's options, with the files that the settings name. Raises ConfigurationError."""
    options = policy_options(settings, reference)
    if not settings.drift.seasons:
        return options
    try:
        seasons = Seasons.from_bytes(Path(settings.drift.seasons).read_bytes())
    except (OSError, FormatError) as error:
        raise ConfigurationError([Problem("drift.seasons", f"cannot be read: {error}")]) from error
    complaint = "there is no reference to have seasons" if reference is None else seasons.complaint(reference)
    if complaint:
        raise ConfigurationError([Problem("drift.seasons", complaint)])
    return PolicyOptions(**{**options, "seasons": seasons})


def _labelling(settings: Settings, reference: FrozenReference | None, recorder: Recorder) -> Labelling:
    scorer = Scorer(settings.labels, reference)
    recorder.labels.accepted(accepted_wrong_ratio(settings.labels, reference))
    told = Told(recorder.labels.kept, recorder.labels.labels, recorder.labels.waiting, recorder.quality)
    return Labelling(settings.store.url, settings.labels, scorer, told, works=not settings.fleet.member)


def answer_spec(settings: LabelSettings, reference: FrozenReference | None) -> AnswerSpec:
    """What is the prediction in an answer; the reference knows the classes where the settings name none."""
    known = reference.standard.calibration if reference and reference.standard else None
    classes = settings.classes or (known.classes if known is not None else ())
    return AnswerSpec(settings.prediction, settings.scores, classes, settings.task)


def key_options(settings: Settings) -> KeyOptions:
    """How request ids are kept. Raises ConfigurationError for a hash key that cannot be read."""
    return KeyOptions(settings.labels.hash_ids, _hash_key(settings.decode.hash_key_file))


def pipeline_options(settings: Settings, replica: str, reference: FrozenReference | None = None) -> PipelineOptions:
    model = settings.model
    return PipelineOptions(
        model=model.name,
        version=model.version,
        replica=replica,
        window_seconds=settings.window.seconds,
        ignore=settings.features.ignore,
        rename=settings.features.rename,
        client_header=settings.features.client_header.lower(),
        trusted_proxies=settings.features.trusted_proxies,
        segments=settings.features.segments or None,
        decode=decode_options(settings),
        answers=answer_spec(settings.labels, reference),
        keys=key_options(settings),
        keep_rows=settings.capture.keep_rows,
        seed=settings.capture.seed or None,
    )


def decode_options(settings: Settings) -> DecodeOptions:
    """The decoder's options. Raises ConfigurationError for a hash key that cannot be read."""
    own = dataclasses.asdict(settings.decode)
    key = _hash_key(own.pop("hash_key_file"))
    header, joinable = settings.model.version_header, settings.labels.enabled
    return DecodeOptions(**own, hash_key=key, version_header=header, joinable=joinable)


def _hash_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except OSError as error:
        raise ConfigurationError([Problem("decode.hash_key_file", f"cannot read {path}: {error.strerror}")]) from error


def check_store(settings: Settings) -> None:
    """Open the store once. Raises ConfigurationError for a store that waiting does not mend."""
    try:
        open_store(settings.store.url).close()
    except (StoreCorrupt, StoreIncompatible) as error:
        raise ConfigurationError([Problem("store.url", str(error))]) from error
    except StoreUnavailable as error:
        logger.warning("the store is away; windows wait in the spool: %s", error)


def predictions_of(reference: FrozenReference | None, options: PolicyOptions) -> Predictions | None:
    """What comparing the predictions of two versions needs."""
    return Predictions(reference, Roles(reference, Policy(**options))) if reference else None


def _spool(settings: Settings) -> Spool:
    folder = folder_for(settings.store.url, settings.store.spool_path)
    return Spool(folder, settings.store.spool_max_bytes)


def _closed_until(writer: Writer, replica: str) -> float:
    """End of the newest stored window of this replica; 0 when there is none or the store cannot say now."""
    try:
        return writer.call(lambda store: store.closed_until(replica)).result(10.0)
    except (StoreUnavailable, TimeoutError):
        return 0.0
