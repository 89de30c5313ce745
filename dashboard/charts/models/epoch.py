"""Time of an epoch of a network's training, by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.charts import base
from dashboard.text.format import duration
from engine.models.diagnosis.result import NetworkDiagnosis

if TYPE_CHECKING:
    import plotly.graph_objects as go

PARTS = (("data", "Data"), ("forward", "Forward"), ("backward", "Backward"), ("step", "Step"))


@dataclass(frozen=True)
class EpochInfo:
    """``seconds`` of one epoch by what they are spent on."""

    seconds: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        return sum(part for _, part in self.seconds)


def info(found: NetworkDiagnosis) -> EpochInfo:
    return EpochInfo(tuple((title, float(getattr(found, name))) for name, title in PARTS))


def figure(info: EpochInfo) -> go.Figure:
    """One bar of shares, its parts in the order in which they are done."""
    import plotly.graph_objects as go

    bars = [
        go.Bar(
            x=[seconds / info.total if info.total else 0.0], y=["epoch"], name=title, orientation="h", width=0.5,
            marker={"color": base.SERIES[place]}, customdata=[duration(seconds)],
            text=[f"{seconds / info.total:.0%}" if info.total and seconds / info.total > 0.05 else ""],
            textposition="inside", insidetextanchor="middle", textangle=0,
            hovertemplate=f"{title.lower()} %{{customdata}}, %{{x:.1%}}<extra></extra>",
        )
        for place, (title, seconds) in enumerate(info.seconds)
    ]  # fmt: skip
    return base.figure(
        bars,
        x={"tickformat": ".0%", "range": [0, 1], "fixedrange": True, "nticks": 5},
        y=base.value_axis(visible=False, type="category"),
        keep="epoch",
        hover="closest",
        barmode="stack",
        margin={**base.MARGIN, "l": 14},
    )
