"""What a status page has to show at different times of a sidecar's life, as recorders that were told of it."""

from collections.abc import Callable, Mapping

from sentinel.config.settings import CaptureSettings
from sentinel.judge.verdict import State
from sentinel.telemetry.recorder import Recorder
from tests.support.telemetry_story import CALL, FEATURES, Story, drifted_recorder, story_settings

PLAIN = story_settings(capture=CaptureSettings())
LANGUAGE = ("prompt.length", "prompt.language", "answer.length", "answer.refusal", "answer.repetition", "output_tokens")
MANY = (*FEATURES, *(f"sensor_{number:02d}" for number in range(60 - len(FEATURES))))


def empty(now: float) -> Recorder:
    """Just started: nothing has passed yet."""
    recorder = Recorder(PLAIN, started_at=now - 5)
    Story(recorder).start(now - 5)
    return recorder


def calm(now: float, windows: int = 60, features: tuple[str, ...] = FEATURES, generates: bool = False) -> Recorder:
    recorder = Recorder(PLAIN, started_at=now - windows)
    story = Story(recorder, features=features, calls=(CALL,) * generates)
    story.start(now - windows)
    for i in range(windows):
        at = now - windows + i + 1
        story.window(at, story.second(at, rate=120 + (i * 13) % 40))
    return recorder


def healthy(now: float) -> Recorder:
    return calm(now)


def sixty_features(now: float) -> Recorder:
    return calm(now, windows=30, features=MANY)


def language_model(now: float) -> Recorder:
    return calm(now, features=LANGUAGE, generates=True)


def drifting(now: float) -> Recorder:
    """Drift in the last quarter, a rollback asked for and delivered at the second try."""
    return drifted_recorder(now, settings=PLAIN, calls=())


def blind(now: float) -> Recorder:
    """No reference: service levels are measured, drift is not."""
    recorder = Recorder(PLAIN, started_at=now - 30)
    story = Story(recorder, features=(), calls=())
    story.start(now - 30)
    for i in range(30):
        at = now - 29 + i
        why = "Blind: there is no reference to compare with; set reference.path."
        story.window(at, story.second(at), state=State.BLIND, explanation=why, findings=(), evidence=0.0)
    return recorder


SCENES: Mapping[str, Callable[[float], Recorder]] = {
    scene.__name__: scene for scene in (empty, healthy, drifting, blind, language_model, sixty_features)
}
