"""Copies into the chart what is built elsewhere: alert rules, dashboards, and the schema of sentinel.yaml for `config`.

A chart can read only its own folder. `make chart-files` runs this; a test compares.
"""

import json
from pathlib import Path

from sentinel.config.documents import json_schema

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "sentinel"
SCHEMA = "values.schema.json"


def chart_files() -> dict[str, str]:
    """Path inside the chart -> content, of every file that is made."""
    files = {f"files/alerts/{path.name}": path.read_text() for path in sorted(ROOT.glob("alerts/sentinel-*.yml"))}
    files |= {f"files/dashboards/{path.name}": path.read_text() for path in sorted(ROOT.glob("dashboards/*.json"))}
    return files | {SCHEMA: _values_schema()}


def _values_schema() -> str:
    """The chart's schema as it is, with the definition of `config` made anew."""
    schema = json.loads((CHART / SCHEMA).read_text())
    settings = json_schema()
    schema["definitions"]["settings"] = {key: settings[key] for key in ("type", "properties", "additionalProperties")}
    return json.dumps(schema, indent=2) + "\n"


def main() -> None:
    for name, content in chart_files().items():
        path = CHART / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


if __name__ == "__main__":
    main()
