"""A run's trades and its equity as files for the browser to save."""

from __future__ import annotations

import re
from typing import Any

from engine.backtest.reports.export import equity_csv, trades_csv
from engine.backtest.result import BacktestResult


def download(result: BacktestResult, kind: str, key: str) -> dict[str, Any]:
    """The content of a ``dcc.Download``: ``kind`` is "trades" or "equity", ``key`` the run's."""
    text = trades_csv(result) if kind == "trades" else equity_csv(result)
    label = re.sub(r"[^a-z0-9]+", "-", result.label.lower()).strip("-")[:60]
    name = "-".join(part for part in ("stratoscope", label, key[:8], kind) if part)
    return {"content": text, "filename": f"{name}.csv", "type": "text/csv", "base64": False}
