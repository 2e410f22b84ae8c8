"""What the documents tell people to type or to write exists: commands parse, configurations are valid, Python runs.

Commands that change something run in the end-to-end test of the tutorial; those of other programs are only looked at.
"""

import re
import shlex

import pytest
import yaml

from sentinel.cli.parser import build_parser
from sentinel.config import Settings, parse
from sentinel.config.reading import ConfigurationError
from tests.support.snippets import ROOT, Snippet, snippets

LANGUAGES = {"sh", "text", "yaml", "python", "sql", "nginx", "json", "{toctree}"}
TEMPLATE = "{{-"
OTHER_PROGRAMS = {
    *("curl", "kubectl", "helm", "promtool", "amtool", "docker", "pip", "python", "cp", "mkdir", "bash", "apt-get"),
    *(
        "journalctl",
        "nvidia-smi",
        "psql",
        "sqlite3",
        "openssl",
        "ls",
        "tail",
        "grep",
        "jq",
        "kill",
        "git",
        "npm",
        "cat",
        "df",
    ),
}
GROUPS = set(Settings.__dataclass_fields__)


def named(found: list[Snippet]) -> list:
    return [pytest.param(snippet, id=str(snippet)) for snippet in found]


def commands(program: str) -> list:
    lines = [(snippet, line) for snippet in snippets("sh") for line in snippet.commands()]
    return [
        pytest.param(line, id=f"{snippet}-{at}")
        for at, (snippet, line) in enumerate(lines)
        if words_of(line)[:1] == [program]
    ]


def words_of(line: str) -> list[str]:
    """The words of the first command of a pipeline, without what the shell does with it."""
    words = shlex.split(line.replace(";", " ; "), comments=True)
    ends = [at for at, word in enumerate(words) if word in {"|", ">", ">>", "&", "&&", "||", ";", "<"}]
    return words[: ends[0]] if ends else words


def test_every_block_names_its_language():
    assert [str(snippet) for snippet in snippets() if snippet.language not in LANGUAGES] == []


@pytest.mark.parametrize("line", commands("sentinel"))
def test_our_commands_parse(line):
    assert build_parser().parse_args(words_of(line)[1:]).run


@pytest.mark.parametrize("line", commands("make"))
def test_make_targets_exist(line):
    makefiles = "".join(path.read_text() for path in [ROOT / "Makefile", *ROOT.glob("make/*.mk")])
    targets = [word for word in words_of(line)[1:] if "=" not in word]
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefiles, re.MULTILINE), target


@pytest.mark.parametrize("snippet", named(snippets("sh")))
def test_other_commands_are_of_known_programs(snippet):
    for line in snippet.commands():
        words = [word for word in words_of(line) if "=" not in word] or ["cat"]
        assert words[0].removeprefix(".venv/bin/") in {"sentinel", "make", *OTHER_PROGRAMS}, line


def test_modules_that_are_run_exist():
    modules = {
        found
        for snippet in snippets("sh")
        for found in re.findall(r"python -m ((?:sentinel|bench)[\w.]*)", snippet.text)
    }
    assert modules
    for module in modules:
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module


@pytest.mark.parametrize("snippet", named([one for one in snippets("yaml") if TEMPLATE not in one.text]))
def test_configurations_are_valid(snippet):
    documents = [document for document in yaml.safe_load_all(snippet.text) if document]
    assert documents
    for document in documents:
        if isinstance(document, dict) and document.keys() <= GROUPS and not is_other(snippet, document):
            try:
                parse(document)
            except ConfigurationError as error:
                pytest.fail(str(error))


def is_other(snippet: Snippet, document: dict) -> bool:
    """Fragments of the chart's values use some of our groups' names for their own."""
    return snippet.page in {"docs/kubernetes.md", "helm/sentinel/README.md"} and document.keys() <= {
        "database",
        "fleet",
    }
