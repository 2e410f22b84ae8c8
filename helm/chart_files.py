"""Copies into the chart what is built elsewhere: alert rules, dashboards, and the schema of sentinel.yaml for `config`.

A chart can read only its own folder. `make chart-files` runs this; a test compares.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from sentinel.config.documents import json_schema

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "sentinel"
SCHEMA = "values.schema.json"
MATCHERS = {"matchers": "matchers", "sourceMatchers": "sourceMatch", "targetMatchers": "targetMatch"}
MATCHER = re.compile(r'(?P<name>\w+)(?P<type>=~|!~|!=|=)"(?P<value>.*)"')


def chart_files() -> dict[str, str]:
    """Path inside the chart -> content, of every file that is made."""
    copied = (*sorted(ROOT.glob("alerts/**/sentinel-*.yml")), *sorted(ROOT.glob("dashboards/*.json")))
    files = {f"files/{path.relative_to(ROOT)}": path.read_text() for path in copied}
    return files | {"files/alertmanager.yaml": _alertmanager(), SCHEMA: _values_schema()}


def _alertmanager() -> str:
    """Routes and inhibitions of the example, as the Prometheus operator's AlertmanagerConfig writes them."""
    example = yaml.safe_load((ROOT / "alerts/alertmanager.example.yml").read_text())
    (route,) = example["route"]["routes"]
    spec = {"route": _renamed(route), "inhibitRules": _renamed(example["inhibit_rules"])}
    text: str = yaml.safe_dump(spec, sort_keys=False, width=200)
    return text


def _renamed(value: Any) -> Any:
    """Keys in camel case, matchers as objects."""
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {re.sub(r"_(.)", lambda found: found[1].upper(), key): _renamed(item) for key, item in value.items()}
    for written, wanted in MATCHERS.items():
        if written in renamed:
            renamed[wanted] = [_matcher(text) for text in renamed.pop(written)]
    return renamed


def _matcher(text: str) -> dict[str, str]:
    found = MATCHER.fullmatch(text)
    assert found is not None, text
    return {"name": found["name"], "matchType": found["type"], "value": found["value"]}


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
