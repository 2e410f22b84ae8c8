"""Commands that run the sidecar, or look at what it would run with."""

from sentinel.cli.command import Command, arg
from sentinel.cli.commands.arguments import CONFIG, JSON, REFERENCE

COMMANDS = (
    Command(
        "run",
        "Relay traffic to a model server, watch it, judge it.",
        "serve:run",
        "sentinel run --config sentinel.yaml",
        (
            CONFIG,
            arg("--upstream", metavar="HOST:PORT", help="model server behind the first listener"),
            arg("--listen", metavar="HOST:PORT", help="where clients connect to the first listener"),
            REFERENCE,
        ),
    ),
    Command(
        "demo",
        "The main job on this machine: a real model is served, watched, drifts, and is rolled back.",
        "serve:demo",
        "sentinel demo --fast",
        own_options=True,
    ),
    Command(
        "check-config",
        "Report everything wrong with the settings at once; exit 2 if anything is.",
        "settings:check",
        "sentinel check-config --config sentinel.yaml",
        (
            CONFIG,
            arg("--example", action="store_true", help="print a commented file with every key instead"),
            arg("--schema", action="store_true", help="print the JSON Schema instead"),
            JSON,
        ),
    ),
)
