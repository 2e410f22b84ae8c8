"""`sentinel completion bash|zsh|fish`: scripts made from the table of commands, so they know what `--help` knows."""

from argparse import Namespace
from collections.abc import Iterator, Mapping

from sentinel.cli.command import Argument, Command
from sentinel.cli.commands import COMMANDS, GROUPS

BASH = """\
_sentinel() {
  local -a found=()
  case "${COMP_WORDS[*]:1:COMP_CWORD-1} " in
CASES
  esac
  COMPREPLY=($(compgen -W "${found[*]}" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sentinel sentinel"""
ZSH = """\
#compdef sentinel
_sentinel() {
  local -a found=()
  case "${(j: :)words[2,CURRENT-1]} " in
CASES
  esac
  compadd -a found || _files
}
compdef _sentinel sentinel"""
FISH = """\
function __sentinel_typed
  set -l typed (commandline -opc)
  string join ' ' -- $typed[2..-1]
end
function __sentinel_at
  set -l typed (__sentinel_typed)
  test "$typed" = "$argv"
end
function __sentinel_in
  set -l typed (__sentinel_typed)
  string match -q -- "$argv *" "$typed "
end"""


def completion(arguments: Namespace) -> int:
    print(SCRIPTS[arguments.shell]())
    return 0


def bash() -> str:
    return BASH.replace("CASES", "\n".join(_cases()))


def zsh() -> str:
    return ZSH.replace("CASES", "\n".join(_cases()))


def fish() -> str:
    return "\n".join([FISH, *_fish_words(), *_fish_options()])


SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}


def _cases() -> Iterator[str]:
    """What may follow the words typed so far, in the common language of bash and zsh; longer paths first."""
    for command in sorted(COMMANDS, key=lambda c: -len(c.path)):
        options = [name for argument in command.arguments for name in argument.names if name.startswith("--")]
        yield f'    "{command.path} "*) found=({" ".join(options)}) ;;'
    for path, words in _words().items():
        yield f'    "{path} ") found=({" ".join(words)}) ;;'


def _words() -> Mapping[str, Mapping[str, str]]:
    """Path of a group ("" for the top) -> the words that may follow it -> what they are for."""
    found: dict[str, dict[str, str]] = {"": {}}
    for command in COMMANDS:
        group, _, name = command.path.rpartition(" ")
        if group:
            found[""][group] = GROUPS[group]
        found.setdefault(group, {})[name] = command.help
    return found


def _fish_words() -> Iterator[str]:
    for path, words in _words().items():
        for word, meaning in words.items():
            yield f"complete -c sentinel -f -n '__sentinel_at {path}' -a {word} -d {_quoted(meaning)}"


def _fish_options() -> Iterator[str]:
    for command in COMMANDS:
        for argument in command.arguments:
            if names := [_fish_name(name) for name in argument.names if name.startswith("-")]:
                yield _fish_option(command, argument, " ".join(names))


def _fish_option(command: Command, argument: Argument, names: str) -> str:
    meaning = argument.keywords.get("help", "") % {"default": argument.keywords.get("default")}
    value = "" if argument.keywords.get("action") == "store_true" else " -r"
    return f"complete -c sentinel -n '__sentinel_in {command.path}' {names}{value} -d {_quoted(meaning)}"


def _fish_name(name: str) -> str:
    return f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
