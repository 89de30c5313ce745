"""Profit of the same decisions at other fills: the next open, the unachievable same close, and the bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.charts import base
from dashboard.text.format import signed_percent
from engine.research.verification.result import VerificationResult

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROWS = (
    ("fill_best", "Best price of the bar"),
    ("fill_same_close", "Same close"),
    ("fill_next_open", "Next open"),
    ("fill_worst", "Worst price of the bar"),
)


@dataclass(frozen=True)
class FillInfo:
    """Total return by kind of fill, the kinds that the data allow."""

    names: tuple[str, ...]
    totals: tuple[float, ...]


def info(result: VerificationResult) -> FillInfo:
    """What is drawn of ``result``; empty where the test was not possible."""
    found = [(label, result.metrics.get(name)) for name, label in ROWS]
    known = [(label, value) for label, value in found if value is not None]
    return FillInfo(tuple(label for label, _ in known), tuple(value for _, value in known))


def figure(info: FillInfo) -> go.Figure:
    """A bar a kind of fill, the next open in full colour."""
    import plotly.graph_objects as go

    strength = [85 if name == "Next open" else 40 for name in info.names]
    colours = [
        base.tint(base.GAIN if total >= 0 else base.LOSS, part)
        for total, part in zip(info.totals, strength, strict=True)
    ]
    low, high = min(0.0, *info.totals), max(0.0, *info.totals)
    room = 0.5 * (high - low) or 1.0  # for the figures beside the bars
    bars = go.Bar(
        x=list(info.totals), y=list(info.names), orientation="h", text=[signed_percent(item) for item in info.totals],
        textposition="outside", marker={"color": colours, "line": {"width": 0}},
        hovertemplate="%{y}: total return %{x:.2%}<extra></extra>", cliponaxis=False,
    )  # fmt: skip
    return base.figure(
        [bars],
        x={"tickformat": ",.0%", "nticks": 4, "showspikes": False, "zeroline": True,
           "range": [low - room if low < 0 else low, high + room if high > 0 else high]},
        y={"fixedrange": True, "type": "category", "autorange": "reversed", "showgrid": False, "ticks": ""},
        keep="fills-of-test",
        hover="closest",
        bargap=0.35,
        margin={"l": 140, "r": 24, "t": 4, "b": 26},
    )  # fmt: skip
