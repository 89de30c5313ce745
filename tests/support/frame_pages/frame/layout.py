"""A form, a chart, key figures and a table."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard.components.form import Form
from dashboard.components.graph import graph
from dashboard.components.metric import strip
from dashboard.components.page_layout import page_layout
from dashboard.components.states import empty
from dashboard.components.table import Column, table
from engine.market.spec import MarketSpec

FORM = Form(
    page="frame", spec=MarketSpec, action="Draw", options={"symbols": lambda _: [("NVDA", "NVDA"), ("AAPL", "AAPL")]}
)
COLUMNS = (Column("symbol", "Symbol"), Column("change", "Change", "signed_percent"), Column("bars", "Bars", "number"))


def layout(query: str | None) -> Component:
    return page_layout(
        FORM,
        query,
        results=[
            strip("frame-kpis", 2),
            graph("frame-chart", height=320, title="Bars", sub="USD"),
            table("frame-table", COLUMNS),
        ],
        empty=empty("Nothing drawn", "Press Draw."),
    )
