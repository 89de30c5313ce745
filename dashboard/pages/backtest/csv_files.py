"""A run's trades and its equity as files for the browser to save."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.backtest.reports.export import equity_csv, fills_csv, trades_csv
from engine.backtest.result import BacktestResult

TEXTS: Mapping[str, Callable[[BacktestResult], str]] = {
    "trades": trades_csv,
    "equity": equity_csv,
    "fills": fills_csv,
}


def download(result: BacktestResult, kind: str, key: str) -> dict[str, Any]:
    """The content of a ``dcc.Download``: ``kind`` is one of ``TEXTS``, ``key`` the run's."""
    return csv_file(result.label, TEXTS[kind](result), kind, key)


def csv_file(label: str, text: str, kind: str, key: str) -> dict[str, Any]:
    """The content of a ``dcc.Download`` of ``text``, named after the run's ``label`` and ``key``."""
    label = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:60]
    name = "-".join(part for part in ("stratoscope", label, key[:8], kind) if part)
    return {"content": text, "filename": f"{name}.csv", "type": "text/csv", "base64": False}
