"""`python -m sentinel.observability`: writes the committed files of this repository again, from its root."""

from pathlib import Path

from sentinel.observability import build_alerts, build_dashboards, build_documents, build_optional_alerts, write

BUILT = {
    "dashboards": build_dashboards,
    "alerts": build_alerts,
    "alerts/optional": build_optional_alerts,
    "docs": build_documents,
}

if __name__ == "__main__":
    for folder, build in BUILT.items():
        write(build(), Path(folder))
