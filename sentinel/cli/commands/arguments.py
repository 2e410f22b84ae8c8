"""Arguments that several commands take."""

from sentinel.cli.command import arg

CONFIG = arg("--config", "-c", metavar="FILE", help="settings (default: sentinel.yaml if it is there)")
JSON = arg("--json", action="store_true", help="machine-readable output")
STORE = arg("--store", metavar="URL", help="SQLAlchemy URL of the store (default: store.url of the settings)")
MODEL = arg("--model", default="", help="only this model")
SINCE = arg("--from", dest="since", metavar="TIME", help="start: ISO time, epoch seconds, or an age such as 2h")
UNTIL = arg("--to", dest="until", metavar="TIME", help="end: ISO time, epoch seconds, or an age such as 30m")
WINDOWS = (
    CONFIG,
    STORE,
    MODEL,
    arg("--version", default="", help="only this version"),
    arg("--replica", default="", help="only this replica"),
    SINCE,
    UNTIL,
)
REFERENCE = arg("--reference", metavar="FILE", help="reference to compare with")
TOLERANCE = arg("--tolerance", metavar="T", help="harmless drift: default, nats, psi:… or sd:…")
FALSE_PAGES = arg("--false-pages", type=float, metavar="N", help="false pages accepted per --per-days")
PER_DAYS = arg("--per-days", type=float, metavar="DAYS", help="period of --false-pages")
PAGES = (
    arg("--html", metavar="FILE", help="write a self-contained page"),
    arg("--pdf", metavar="FILE", help="write that page as PDF (needs Chromium)"),
    arg("--png", metavar="FILE", help="write that page as a picture (needs Chromium)"),
)
LIMIT = arg("--limit", type=int, default=1000, help="most rows (%(default)s)")
MERGE = arg("--merge", action="store_true", help="add the windows up")
CHECK = arg("--check", action="store_true", help="write nothing; exit 1 when a file is not what would be built")
COPIED = (
    CONFIG,
    arg("--ratio", type=float, default=0.1, metavar="SHARE", help="share of requests to copy (%(default)s)"),
    arg(
        "--address", metavar="HOST:PORT", help="where the proxy finds the sidecar (default: as the settings say, here)"
    ),
)
REASON = arg("--reason", required=True, metavar="TEXT", help="why; kept in the audit")
ACTOR = arg("--actor", metavar="NAME", help="who; kept in the audit (default: the user)")
