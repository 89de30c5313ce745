"""A backtest as a Jupyter notebook that computes it again and draws what its page shows, with Plotly."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.backtest.spec import BacktestSpec
from engine.core.spec import to_python

METRICS_TABLE = """
import pandas as pd

from engine.backtest.metrics import METRICS

metrics = pd.DataFrame({"run": result.metrics, "buy and hold": result.benchmark_metrics})
metrics.index = [METRICS[name].title for name in metrics.index]
metrics
"""
EQUITY = """
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from engine.backtest.reports import frames

bars = frames.bars(result)
equity = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.75, 0.25], vertical_spacing=0.03)
for column, name in {"equity": result.label, "hold": "Buy and hold", "without_costs": "Before costs"}.items():
    equity.add_trace(go.Scatter(x=bars.index, y=bars[column] / result.capital, name=name), row=1, col=1)
equity.add_trace(go.Scatter(x=bars.index, y=bars["drawdown"], name="Drawdown", fill="tozeroy"), row=2, col=1)
equity.update_layout(title="Growth of 1, and drawdown", hovermode="x unified")
equity.update_yaxes(type="log", row=1, col=1)
equity.update_yaxes(tickformat=".0%", row=2, col=1)
equity
"""
MONTHS = """
from engine.backtest.reports.periods import MONTHS, monthly

found = monthly(result.days, result.equity, result.capital)
months = go.Figure(go.Heatmap(x=MONTHS, y=found.years, z=found.returns, zmid=0, texttemplate="%{z:.1%}"))
months.update_layout(title="Monthly returns", yaxis={"autorange": "reversed", "dtick": 1})
months
"""
RELATIVE = """
from engine.backtest.reports.drawdowns import deepest
from engine.backtest.reports.relative import relative

against = relative(result.equity, result.benchmark, result.periods_per_year)
print(against)
pd.DataFrame(deepest(result.time, result.equity, result.capital))
"""
HOLDINGS = """
from engine.backtest.reports.holdings import holdings

held = holdings(result, engine.run(spec.market).bars)
weights = pd.DataFrame(held.weights, index=held.time, columns=held.symbols)
bands = [go.Scatter(x=weights.index, y=weights[name], name=name, stackgroup="held") for name in weights]
held_figure = go.Figure(bands)
held_figure.update_layout(title="Weights in the equity", yaxis={"tickformat": ".0%"})
held_figure
"""
TRADES = """
trades = frames.trades(result)
trades
"""
PARTS: Sequence[tuple[str, str]] = (
    ("Figures", METRICS_TABLE),
    ("Equity", EQUITY),
    ("Monthly returns", MONTHS),
    ("Against buy and hold", RELATIVE),
    ("Holdings", HOLDINGS),
    ("Trades", TRADES),
)
"""Title and code of what follows the request."""


def notebook(spec: BacktestSpec, key: str) -> str:
    """The notebook (nbformat 4.5) of the run with this ``key``: its request, then a cell for each of ``PARTS``."""
    told = f"# {spec.label()}\n\nRun `{key[:8]}` of Stratoscope. Another key means other bars, or other code."
    cells = [_cell("markdown", "title", told), _cell("code", "request", to_python(spec))]
    for place, (title, code) in enumerate(PARTS):
        cells += [_cell("markdown", f"title-{place}", f"## {title}"), _cell("code", f"part-{place}", code.strip())]
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, name: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {
        "cell_type": kind,
        "id": name,
        "metadata": {},
        "source": text.rstrip("\n").splitlines(True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
