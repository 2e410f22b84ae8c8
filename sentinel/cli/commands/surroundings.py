"""Commands on what is around a sidecar: cluster, dashboards, alerts, shell."""

from sentinel.cli.command import Command, arg
from sentinel.cli.commands.arguments import CHECK, CONFIG, JSON, STORE

COMMANDS = (
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
