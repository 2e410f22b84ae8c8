"""Reading settings: every problem at once, by dotted path, nothing guessed."""

from pathlib import Path

import pytest

from sentinel.config import ConfigurationError, Settings, load, parse


def problems(document: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(document)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_nothing_set_gives_the_defaults() -> None:
    assert load(None, {}) == parse({}) == Settings()


MISTAKES = [
    ({"modle": {"name": "x"}}, "modle: unknown key; did you mean model?"),
    ({"capture": {"sample_ration": 1}}, "capture.sample_ration: unknown key; did you mean sample_ratio?"),
    ({"capture": {"sample_ratio": 1.5}}, "capture.sample_ratio: must be at most 1, not 1.5"),
    ({"capture": {"sample_ratio": "lots"}}, "capture.sample_ratio: must be a number, not 'lots'"),
    ({"capture": {"sample_ratio": True}}, "capture.sample_ratio: must be a number, not True"),
    ({"capture": {"max_body_bytes": 1.5}}, "capture.max_body_bytes: must be a whole number, not 1.5"),
    ({"window": 60}, "window: must be a group of keys, not int"),
    ({"relay": {"listen": ":1"}}, "relay: must be a list, not a group"),
    ({"relay": []}, "relay: needs at least one listener"),
    ({"relay": [{"listen": "8081"}]}, "relay[0].listen: must be host:port such as 127.0.0.1:8080, not '8081'"),
    ({"relay": [{"upstream": ":0"}]}, "relay[0].upstream: needs a host and a port to connect to, not ':0'"),
    ({"relay": [{"protocol": "http"}]}, "relay[0].protocol: must be one of auto, http1, http2, opaque"),
    ({"relay": [{"listen": "0.0.0.0:9108"}]}, "telemetry.listen: 0.0.0.0:9108 is taken by relay[0].listen"),
    ({"rollback": {"mode": "enforced"}}, "did you mean enforce?"),
    ({"rollback": {"mode": "enforce"}}, "rollback.targets: enforce needs at least one target"),
    ({"rollback": {"targets": [{"url": "https://x"}]}}, "rollback.targets[0].name: is required"),
    ({"rollback": {"targets": [{"name": "d", "url": "http://x", "secret_file": "s"}]}}, "plain http is refused"),
    ({"rollback": {"targets": [{"name": "d", "url": "https://x"}]}}, "rollback.targets[0].secret_file: is required"),
]


@pytest.mark.parametrize(("document", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_path(document: dict[str, object], message: str) -> None:
    assert any(message in problem for problem in problems(document)), problems(document)


def test_all_problems_are_reported_at_once() -> None:
    found = problems({"window": {"seconds": -1}, "capture": {"seed": "x"}, "nope": 1})
    assert len(found) == 3


def test_off_and_versions_survive_yaml(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.yaml"
    path.write_text("rollback: {mode: off}\nmodel: {version: 2.0}\n")
    settings = load(path, {})
    assert (settings.rollback.mode, settings.model.version) == ("off", "2.0")


def test_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.yaml"
    path.write_text("model: {name: from-file, version: a}\nwindow: {seconds: 5}\n")
    environment = {"SENTINEL__MODEL__NAME": "from-env", "SENTINEL__WINDOW__SECONDS": "7", "PATH": "/bin"}
    settings = load(path, environment, {"window.seconds": 9.0})
    assert (settings.model.name, settings.model.version, settings.window.seconds) == ("from-env", "a", 9.0)


def test_environment_reaches_into_lists() -> None:
    settings = load(None, {"SENTINEL__RELAY__0__UPSTREAM": "10.0.0.1:80", "SENTINEL__RELAY__1__LISTEN": ":81"})
    assert [(r.listen, r.upstream) for r in settings.relay] == [
        ("0.0.0.0:8081", "10.0.0.1:80"),
        (":81", "127.0.0.1:8080"),
    ]


def test_a_gap_in_a_list_is_a_problem() -> None:
    with pytest.raises(ConfigurationError, match="no position"):
        load(None, {"SENTINEL__RELAY__3__LISTEN": ":81"})


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\x00", "just words"])
def test_a_file_that_is_no_mapping_is_one_clear_problem(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sentinel.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*absent\.yaml: No such file"):
        load(tmp_path / "absent.yaml", {})
