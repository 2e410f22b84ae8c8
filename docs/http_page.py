"""docs/http.md, made from docs/schemas/openapi.yaml."""

from pathlib import Path
from typing import Any

import yaml

SPECIFICATION = Path(__file__).parent / "schemas" / "openapi.yaml"
METHODS = ("get", "post")


def markdown() -> str:
    """The page: a table of calls for each tag."""
    document = yaml.safe_load(SPECIFICATION.read_text())
    calls = [
        (path, method, call)
        for path, item in document["paths"].items()
        for method, call in item.items()
        if method in METHODS
    ]
    sections = [_section(tag, [call for call in calls if tag["name"] in call[2]["tags"]]) for tag in document["tags"]]
    head = f"# HTTP interface\n\n{document['info']['description'].strip()}\n\n"
    said = "For programs, with parameters, bodies and answers: [openapi.yaml](schemas/openapi.yaml) (OpenAPI 3.1).\n\n"
    return head + said + "\n".join(sections)


def _section(tag: dict[str, Any], calls: list[tuple[str, str, dict[str, Any]]]) -> str:
    rows = "".join(
        f"| `{method.upper()} {path}` | {call['summary']} | {_parameters(call)} | {', '.join(call['responses'])} |\n"
        for path, method, call in calls
    )
    title = tag["name"].capitalize()
    return f"## {title}\n\n{tag['description']}\n\n| call | | query | answers |\n|---|---|---|---|\n{rows}"


def _parameters(call: dict[str, Any]) -> str:
    return " ".join(f"`{one['name']}`" for one in call.get("parameters", ()) if one["in"] == "query")
