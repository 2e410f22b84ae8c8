"""A range of windows in Evidently's plots. Evidently is the extra `report`: imported here, when it is asked for.

It is kept from calling home (DO_NOT_TRACK), and its page needs nothing from outside; a notice on top of that page says
which rows are real.
"""

import os
import warnings
from pathlib import Path
from typing import Any

from sentinel.report.tables import Tables
from sentinel.telemetry.page.text import esc

_NOTICE_STYLE = "font: 14px system-ui, sans-serif; margin: 0; padding: 12px 24px; background: #fdf0d5; color: #4d3200"


class ExtraMissing(RuntimeError):
    """Evidently is not installed; the message names the command."""


def write(tables: Tables, path: Path, title: str) -> None:
    """Write Evidently's report of data drift and summary. Raises ExtraMissing."""
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        html = _run(tables)
    path.write_text(_with_notice(html, tables.notices, title), encoding="utf-8", errors="replace")


def _run(tables: Tables) -> str:
    try:
        import pandas
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset, DataSummaryPreset
    except ImportError as error:
        raise ExtraMissing(f"Evidently's plots need {error.name}: pip install 'sentinel-sidecar[report]'") from error
    definition = DataDefinition(numerical_columns=list(tables.numeric), categorical_columns=list(tables.categorical))

    def dataset(columns: dict[str, Any]) -> Any:
        frame = pandas.DataFrame({name: _typed(pandas, columns[name], name in tables.numeric) for name in columns})
        return Dataset.from_pandas(frame, data_definition=definition)

    report = Report([DataDriftPreset(), DataSummaryPreset()])
    html: str = report.run(dataset(tables.range), dataset(tables.normal)).get_html_str(as_iframe=False)
    return html


def _typed(pandas: Any, values: Any, numeric: bool) -> Any:
    if numeric:
        return pandas.to_numeric(pandas.Series(list(values), dtype=object), errors="coerce").astype(float)
    return pandas.Series([None if value is None else str(value) for value in values], dtype=object)


def _with_notice(html: str, notices: tuple[str, ...], title: str) -> str:
    told = "".join(f"<p>{esc(notice)}</p>" for notice in notices)
    banner = f'<div role="note" style="{_NOTICE_STYLE}"><strong>{esc(title)}</strong>{told}</div>'
    head, body, rest = html.partition("<body>")
    return f"{head}{body}{banner}{rest}" if body else banner + html
