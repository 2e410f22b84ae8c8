"""The words of injection: labels and annotations on namespaces, pods and Services."""

DOMAIN = "sentinel-sidecar.github.io"

INJECTION = f"{DOMAIN}/injection"
"""Label of a namespace: `enabled` lets the webhook see its pods and Services."""
INJECT = f"{DOMAIN}/inject"
"""Label of a pod or Service: `true` asks the webhook for it; `false` keeps it out, in files, too."""

MODEL = f"{DOMAIN}/model"
"""Name of the model; without it the label app.kubernetes.io/name or app, or the workload's name."""
VERSION = f"{DOMAIN}/version"
"""Version of the model, where the traffic does not carry it."""
PORT = f"{DOMAIN}/port"
"""Port of the model server, number or name; several with commas. Without it the first that a container declares."""
LISTEN = f"{DOMAIN}/listen"
"""Port of the sidecar for each of them. Without it 8081 and those that follow."""
CONFIG = f"{DOMAIN}/config"
"""ConfigMap of the pod's namespace with a sentinel.yaml; without it the settings of the injector."""
REFERENCE = f"{DOMAIN}/reference"
"""ConfigMap, secret/NAME or pvc/NAME of the pod's namespace with reference.sentinel."""

STATUS = f"{DOMAIN}/status"
"""Annotation that injection leaves: what was changed, so that it can be changed back."""

CONTAINER = "sentinel"
TRAFFIC = "traffic-"
"""The sidecar's ports for traffic are called traffic-0, traffic-1, …"""
