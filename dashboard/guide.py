"""The guide: five steps from data to verdict, which a newcomer is shown until it is closed for good."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.components.icon import icon
from dashboard.components.values import complete
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.market.spec import MarketSpec
from engine.research.verification.spec import VerificationSpec
from engine.strategies.kinds.rotation import Rotation

SYMBOLS = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
"""Six names of the sample, which is there without a network."""


@dataclass(frozen=True)
class Step:
    """``title`` and ``words`` say what is done at the address ``href``."""

    title: str
    words: str
    href: str


def momentum() -> BacktestSpec:
    """The question that a newcomer tries: do the strongest of six names, bought each month, survive their costs?"""
    costs = Costs.model_validate(complete(Costs, {}))
    return BacktestSpec(market=MarketSpec(symbols=SYMBOLS), strategy=Rotation(), costs=costs)


def steps() -> tuple[Step, ...]:
    """The steps, all on the same bars."""
    request = momentum()
    bars, run = state.to_query(request.market), state.to_query(request)
    tests = state.to_query(VerificationSpec(backtest=request))
    return (
        Step("Look at the data", "six names, daily, checked", f"/data?spec={bars}"),
        Step("Build features", "indicators and their leak test", f"/features?spec={bars}"),
        Step("Train a model", "or skip: rules need none", f"/models?spec={bars}"),
        Step("Backtest with costs", "fills, fees, slippage", f"/backtest?spec={run}"),
        Step("Is it real?", "luck, trials, costs, crises", f"/backtest?spec={tests}"),
    )


def strip() -> Component:
    """The steps side by side, each of which leads to its page."""
    links = [
        dcc.Link(
            [html.Span(str(place), className="step-number"), html.B(step.title), html.Small(step.words)],
            id={"role": "step", "place": str(place)},
            href=step.href,
            className="guide-step",
        )
        for place, step in enumerate(steps(), 1)
    ]
    return html.Nav([*links, _close()], className="guide steps", **{"aria-label": "Guide"})


def next_step() -> Component:
    """The way to the next step, in the header while the guide is followed (``assets/35_guide.js``)."""
    data = {"data-steps": json.dumps([asdict(step) for step in steps()])}
    return html.Span([html.Span(id="guide-next"), _close()], id="guide", className="guide", hidden=True, **data)


def _close() -> Component:
    label = "Close the guide for good"
    return html.Button(
        icon("close"),
        type="button",
        className="icon-button",
        title=label,
        **{"aria-label": label, "data-ends": "guide"},
    )
