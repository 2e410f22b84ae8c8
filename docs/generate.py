"""Renew the documents that are made from code; tests compare them. `make docs` runs this."""

import json
from pathlib import Path

from docs.http_page import markdown as http_markdown
from helm.chart_files import main as chart_files
from sentinel.config.documents import example_yaml, json_schema, markdown

ROOT = Path(__file__).parents[1]


def main() -> None:
    (ROOT / "sentinel.example.yaml").write_text(example_yaml())
    (ROOT / "docs/schemas/sentinel.schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n")
    (ROOT / "docs/configuration.md").write_text(markdown())
    (ROOT / "docs/http.md").write_text(http_markdown())
    chart_files()  # the chart's schema holds that of the settings


if __name__ == "__main__":
    main()
