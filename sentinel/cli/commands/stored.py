"""Commands on what is stored: windows and labels."""

from sentinel.cli.command import Command, arg
from sentinel.cli.commands.arguments import CONFIG, JSON, LIMIT, MERGE, MODEL, STORE, WINDOWS

COMMANDS = (
    Command(
        "windows list",
        "List stored windows with their verdicts; --merge adds them up into one per model and version.",
        "windows:show_list",
        "sentinel windows list --from 2h --model fraud",
        (*WINDOWS, LIMIT, MERGE, JSON),
    ),
    Command(
        "windows show",
        "Show the features of stored windows: scores and shapes.",
        "windows:show",
        "sentinel windows show --from 10m",
        (*WINDOWS, LIMIT, JSON),
    ),
    Command(
        "windows export",
        "Write stored windows to a file of JSON lines or Parquet, by its ending.",
        "windows:export",
        "sentinel windows export --from 7d --output windows.parquet",
        (
            *WINDOWS,
            MERGE,
            arg("--features", action="store_true", help="one row per window and feature instead of per window"),
            arg("--output", "-o", required=True, metavar="FILE", help="*.parquet or *.json"),
            JSON,
        ),
    ),
    Command(
        "labels load",
        "Load labels from a CSV or Parquet file, one a row; run again after an interruption, it goes on where it was.",
        "labels:load",
        "sentinel labels load truths.csv --id request_id --label outcome",
        (
            arg("table", metavar="TABLE", help="CSV (with a header line) or Parquet file"),
            CONFIG,
            STORE,
            arg("--id", default="id", metavar="COLUMN", help="column with the request id (%(default)s)"),
            arg("--label", default="label", metavar="COLUMN", help="column with the truth (%(default)s)"),
            arg("--row", default="", metavar="COLUMN", help="column with the row's place in its batch, from 0"),
            arg("--time", default="", metavar="COLUMN", help="column with the time when the truth was established"),
            arg("--model", default="", metavar="NAME", help="model of the predictions (default: the one they are of)"),
            JSON,
        ),
    ),
    Command(
        "labels show",
        "Show the quality of windows: realised by labels, or estimated before they come.",
        "labels:show",
        "sentinel labels show --model fraud",
        (CONFIG, STORE, MODEL, LIMIT, JSON),
    ),
)
