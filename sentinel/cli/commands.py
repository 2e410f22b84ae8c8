"""Every command of `sentinel`: what it is for, with an example."""

from sentinel.cli.command import Command, arg

GROUPS = {
    "reference": "Build, learn, grow, show and compare references.",
    "labels": "Load labels, show the quality they tell of.",
    "windows": "List, show and export stored windows.",
    "intake": "Configuration for proxies that hand their traffic over, where nothing may stand in the path.",
    "rollback": "See, pause and resume rollbacks.",
    "dashboards": "Grafana dashboards.",
    "alerts": "Prometheus alert rules.",
    "db": "The store's schema.",
}

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
    Command(
        "rollback status",
        "Show whether rollbacks are armed, what waits, what was sent, what was decided and why.",
        "rollback:status",
        "sentinel rollback status",
        (CONFIG, STORE, JSON),
    ),
    Command(
        "rollback pause",
        "Stop deciding and sending rollbacks until resumed.",
        "rollback:pause",
        'sentinel rollback pause --reason "database maintenance"',
        (CONFIG, STORE, REASON, ACTOR, JSON),
    ),
    Command(
        "rollback resume",
        "End a pause, or ask a target again that answered 410 Gone.",
        "rollback:resume",
        'sentinel rollback resume --reason "maintenance is over"',
        (CONFIG, STORE, REASON, ACTOR, arg("--target", metavar="NAME", help="a disabled target"), JSON),
    ),
    Command(
        "rollback replay",
        "Send a dead letter again, under the same id and with the same bytes.",
        "rollback:replay",
        'sentinel rollback replay 4f1c… --reason "the deployer is back"',
        (arg("id", metavar="ID", help="see sentinel rollback status"), CONFIG, STORE, REASON, ACTOR, JSON),
    ),
    Command(
        "fleet",
        "Judge the windows of all replicas together over their shared store; of several such processes one leads.",
        "fleet:fleet",
        "sentinel fleet --config sentinel.yaml",
        (CONFIG, STORE),
    ),
    Command(
        "db upgrade",
        "Bring the store's schema to this release.",
        "database:upgrade",
        "sentinel db upgrade --store postgresql+psycopg://sentinel@db/sentinel",
        (CONFIG, STORE, JSON),
    ),
    Command(
        "db check",
        "Check the store's schema and the chain of its audit; exit 1 when either is not as it should be.",
        "database:check",
        "sentinel db check",
        (CONFIG, STORE, JSON),
    ),
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
    Command(
        "intake envoy",
        "Print the HTTP filter and the cluster with which Envoy tells of requests and answers.",
        "intake:envoy",
        "sentinel intake envoy --ratio 0.1",
        COPIED,
    ),
    Command(
        "intake nginx",
        "Print the directives with which NGINX copies requests.",
        "intake:nginx",
        "sentinel intake nginx --upstream http://model",
        (*COPIED, arg("--upstream", metavar="URL", help="what NGINX passes to (default: the model of the settings)")),
    ),
    Command(
        "replay",
        "Judge stored windows, rows or capture logs again: what would have paged, with these or other options.",
        "replay:replay",
        "sentinel replay --tolerance psi:0.05 --from 2026-11-01",
        (
            arg(
                "table",
                nargs="?",
                metavar="SOURCE",
                help="CSV, Parquet, JSON lines of rows or exchanges, KServe, SageMaker or Triton captures, a folder of "
                "them, or - for standard input (default: the stored windows)",
            ),
            CONFIG,
            STORE,
            MODEL,
            SINCE,
            UNTIL,
            REFERENCE,
            TOLERANCE,
            FALSE_PAGES,
            PER_DAYS,
            arg("--window-seconds", type=float, metavar="S", help="length of windows made of a table"),
            arg("--time-column", default="", metavar="COLUMN", help="column with the time of each row"),
            arg(
                "--rows-per-hour",
                type=float,
                default=12000.0,
                metavar="N",
                help="pace of a table without times (%(default)g)",
            ),
            arg("--set", action="append", default=[], metavar="KEY=VALUE", help="another setting, as in sentinel.yaml"),
            arg("--state", metavar="FILE", help="remember what was judged; the same command goes on from there"),
            *PAGES,
            JSON,
        ),
    ),
    Command(
        "report",
        "Tell on one page what drifted, since when, how sure that is, what it cost and what was done.",
        "report:report",
        "sentinel report --from 24h --html report.html --pdf report.pdf",
        (
            *WINDOWS,
            REFERENCE,
            *PAGES,
            arg("--evidently", metavar="FILE", help="write Evidently's page of the same range (extra: report)"),
            arg("--reference-rows", metavar="TABLE", help="CSV or Parquet that Evidently compares with"),
            JSON,
        ),
    ),
    Command(
        "power",
        "Say beforehand what drift will be found, how soon, and how many pages will be false.",
        "power:power",
        "sentinel power --reference reference.sentinel --rows-per-hour 120000 --sample-ratio 0.1 --shift 0.3",
        (
            CONFIG,
            STORE,
            MODEL,
            arg("--replica", default="", help="measure the traffic of this replica only"),
            REFERENCE,
            arg(
                "--rows-per-hour",
                type=float,
                metavar="N",
                help="rows of all traffic (default: as measured over the last day of stored windows)",
            ),
            arg("--sample-ratio", type=float, metavar="R", help="share of the traffic that is analysed"),
            TOLERANCE,
            FALSE_PAGES,
            PER_DAYS,
            arg("--window-seconds", type=float, metavar="S", help="length of windows"),
            arg("--shift", type=float, action="append", metavar="SD", help="mean shift to time, in sd; repeatable"),
            arg("--points", type=float, action="append", metavar="P", help="gain of share to time; repeatable"),
            *PAGES,
            JSON,
        ),
    ),
    Command(
        "compare",
        "Prove that two endpoints, or two files of predictions, say the same about the same rows; exit 1 where not.",
        "compare:compare",
        "sentinel compare http://fp32:8080/v2/models/m/infer http://int8:8080/v2/models/m/infer --requests rows.csv",
        (
            arg("reference", metavar="REFERENCE", help="address that takes requests, or file of predictions"),
            arg("candidate", metavar="CANDIDATE", help="the same of the model to be tried"),
            arg("--requests", metavar="FILE", help="rows (CSV, Parquet) or bodies (JSON lines) to send to both"),
            arg("--key", default="", metavar="COLUMN", help="column that names rows of both files (default: order)"),
            arg("--output", action="append", default=[], metavar="COLUMN", help="compare only this one; repeatable"),
            arg("--margin", type=float, metavar="R", help="share of rows that may differ (default: 0.01)"),
            arg("--tolerance-sd", type=float, metavar="SD", help="distance at which a value differs (default: 0.1)"),
            arg("--false-ratio", type=float, metavar="R", help="chance of a wrong verdict (default: 0.01)"),
            arg(
                "--body",
                choices=("auto", "v2", "v1", "rows"),
                default="auto",
                help="what rows are made into (default: as the address says)",
            ),
            arg("--datatype", default="FP32", metavar="TYPE", help="type of numbers in V2 (%(default)s)"),
            arg("--batch-rows", type=int, default=8, metavar="N", help="rows of one request (%(default)s)"),
            arg("--concurrency", type=int, default=1, metavar="N", help="requests at a time (%(default)s)"),
            arg("--timeout", type=float, metavar="S", help="seconds allowed for an answer (default: 5)"),
            arg("--ca-file", metavar="FILE", help="authorities trusted for both (default: the system's)"),
            arg("--authorization-file", metavar="FILE", help="value of the Authorization header for both"),
            CONFIG,
            JSON,
        ),
    ),
    Command(
        "doctor",
        "Look at settings, model server, store, reference, rollback targets and telemetry; say what to mend first.",
        "doctor:doctor",
        "sentinel doctor --config sentinel.yaml --send-test",
        (
            CONFIG,
            STORE,
            arg(
                "--send-test", action="store_true", help="send each webhook target a signed test that asks for nothing"
            ),
            arg("--prometheus", metavar="URL", help="Prometheus to ask (default: telemetry.prometheus_url)"),
            JSON,
        ),
    ),
    Command(
        "inject",
        "Put the sidecar into manifests and print the difference, or take it out; with --serve as a webhook.",
        "inject:inject",
        "sentinel inject -f deployment.yaml -f service.yaml --model fraud",
        (
            arg(
                "--filename",
                "-f",
                action="append",
                default=[],
                metavar="FILE",
                help="manifests: a file, a folder, - for standard input; repeatable",
            ),
            arg(
                "--output",
                "-o",
                choices=("diff", "yaml", "kustomize"),
                default="diff",
                help="what to print (%(default)s)",
            ),
            arg("--remove", action="store_true", help="take the sidecar out again"),
            arg(
                "--only", choices=("workloads", "services"), help="print only these, to roll them out one after another"
            ),
            arg(
                "--name", action="append", default=[], metavar="NAME", help="only the workload of this name; repeatable"
            ),
            arg("--model", metavar="NAME", help="name of the model (default: a label or the workload's name)"),
            arg("--model-version", metavar="VERSION", help="version of the model"),
            arg(
                "--port", metavar="PORT", help="port of the model server (default: the first that a container declares)"
            ),
            arg("--listen", metavar="PORT", help="port of the sidecar (default: 8081)"),
            arg("--config-map", metavar="NAME", help="ConfigMap with a sentinel.yaml (default: settings in the pod)"),
            arg("--reference", metavar="NAME", help="ConfigMap, secret/NAME or pvc/NAME with reference.sentinel"),
            arg("--namespace", "-n", default="", metavar="NAME", help="where manifests name none"),
            arg(
                "--kubernetes",
                default="",
                metavar="VERSION",
                help="version of the cluster; below 1.29 a plain container",
            ),
            arg("--image", metavar="IMAGE", help="image of sentinel"),
            arg(
                "--config", "-c", metavar="FILE", help="sentinel.yaml to carry in the pod, where it names no ConfigMap"
            ),
            arg("--pod", metavar="FILE", help="the sidecar as the chart renders it (default: built in)"),
            arg("--serve", metavar="HOST:PORT", help="answer AdmissionReviews over TLS, such as 0.0.0.0:8443"),
            arg(
                "--telemetry", default="0.0.0.0:9108", metavar="HOST:PORT", help="its metrics and health (%(default)s)"
            ),
            arg(
                "--certificate",
                default="",
                metavar="DIR",
                help="tls.crt and tls.key, read again when they change (cert-manager)",
            ),
            arg("--secret", default="", metavar="NAME", help="make and renew a certificate in this Secret instead"),
            arg("--webhook", default="", metavar="NAME", help="MutatingWebhookConfiguration to tell of it"),
            arg("--service", default="", metavar="NAME", help="Service of the webhook, for the certificate"),
        ),
    ),
    Command(
        "dashboards build",
        "Write Grafana dashboards: all there is, or with --config what this configuration has.",
        "observability:dashboards",
        "sentinel dashboards build --config sentinel.yaml --output dashboards",
        (CONFIG, arg("--output", "-o", default="dashboards", metavar="DIR", help="folder (%(default)s)"), CHECK, JSON),
    ),
    Command(
        "alerts build",
        "Write Prometheus alert rules: all there are, or with --config those of this configuration.",
        "observability:alerts",
        "sentinel alerts build --config sentinel.yaml --output alerts",
        (
            CONFIG,
            arg(
                "--with",
                dest="optional",
                action="append",
                default=[],
                choices=("SentinelMissingOnPod", "SentinelWatchdog"),
                help="write this alert besides those of telemetry.optional_alerts (repeatable)",
            ),
            arg("--output", "-o", default="alerts", metavar="DIR", help="folder (%(default)s)"),
            CHECK,
            JSON,
        ),
    ),
    Command(
        "completion",
        "Print a script that completes commands and options in a shell.",
        "completion:completion",
        "sentinel completion bash > ~/.local/share/bash-completion/completions/sentinel",
        (arg("shell", choices=("bash", "zsh", "fish"), help="shell the script is for"),),
    ),
)
