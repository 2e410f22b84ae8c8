"""Commands on references."""

from sentinel.cli.command import Command, arg
from sentinel.cli.commands.arguments import JSON, REFERENCE, WINDOWS

COMMANDS = (
    Command(
        "reference build",
        "Build a reference from training data, CSV or Parquet.",
        "reference:build",
        "sentinel reference build training.csv --name fraud --prediction label --prediction score",
        (
            arg(
                "table",
                nargs="+",
                metavar="TABLE",
                help="CSV (with a header line) or Parquet files, or folders of them; one row per training row",
            ),
            arg("--output", "-o", default="reference.sentinel", metavar="FILE", help="where to write (%(default)s)"),
            arg("--name", default="", help="name of the model (default: name of the file)"),
            arg("--version", default="1", help="version of the reference (%(default)s)"),
            arg("--prediction", action="append", default=[], metavar="COLUMN", help="column the model predicts"),
            arg("--label", action="append", default=[], metavar="COLUMN", help="column with the truth"),
            arg("--score", action="append", default=[], metavar="CLASS=COLUMN", help="column with its probability"),
            arg("--predicted", default="", metavar="COLUMN", help="predicted class or number (default: as it shows)"),
            arg(
                "--task",
                default="auto",
                choices=("auto", "classification", "regression"),
                help="what the label tells of",
            ),
            arg("--kind", action="append", default=[], metavar="COLUMN=KIND", help="numeric, categorical, text, …"),
            arg(
                "--segment",
                action="append",
                default=[],
                metavar="COLUMN",
                help="categorical column whose values are told apart (country, device, …)",
            ),
            arg("--joint", action="store_true", help="watch inputs in pairs and triples too"),
            arg(
                "--dask",
                default="",
                metavar="ADDRESS",
                help="scheduler of a Dask cluster whose workers read the tables",
            ),
            JSON,
        ),
    ),
    Command(
        "reference show",
        "Show what a reference holds.",
        "reference:show",
        "sentinel reference show reference.sentinel",
        (arg("reference", metavar="FILE", help="reference file"), JSON),
    ),
    Command(
        "reference diff",
        "Show what differs between two references.",
        "reference:compare",
        "sentinel reference diff old.sentinel new.sentinel",
        (arg("before", metavar="OLD", help="reference file"), arg("after", metavar="NEW", help="reference file"), JSON),
    ),
    Command(
        "reference seasons",
        "Learn from stored windows what each hour of the day looks like; for drift.seasons of the settings.",
        "reference:seasons",
        "sentinel reference seasons --from 28d --utc-offset-hours 1",
        (
            *WINDOWS,
            REFERENCE,
            arg("--output", "-o", default="seasons.sentinel", metavar="FILE", help="where to write (%(default)s)"),
            arg("--utc-offset-hours", type=float, default=0.0, metavar="H", help="local time less UTC (%(default)s)"),
            JSON,
        ),
    ),
    Command(
        "reference learn",
        "Build a reference from the rows that capture.keep_rows kept of live traffic.",
        "learning:learn",
        "sentinel reference learn --hours 24 --output learned.sentinel",
        (
            *WINDOWS,
            arg("--hours", type=float, default=24.0, metavar="N", help="from the first kept row on (%(default)g)"),
            arg("--output", "-o", default="learned.sentinel", metavar="FILE", help="where to write (%(default)s)"),
            arg("--name", default="", help="name of the model (default: as in the traffic)"),
            arg("--reference-version", default="1", metavar="V", help="version of the reference (%(default)s)"),
            JSON,
        ),
    ),
    Command(
        "reference accept",
        "Grow the reference by stored windows that were normal; those in breach or blind are left out.",
        "learning:accept",
        "sentinel reference accept --from 7d --to 1d --output grown.sentinel",
        (
            *WINDOWS,
            REFERENCE,
            arg("--abnormal", action="store_true", help="take windows in breach or blind as well"),
            arg("--output", "-o", default="grown.sentinel", metavar="FILE", help="where to write (%(default)s)"),
            JSON,
        ),
    ),
)
