"""Models in service and their alerts as rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.components import table
from dashboard.pages.models.saved.rows import SHORT, saved_at
from dashboard.text.service import RULES, band, span
from engine.core.errors import EngineError
from engine.jobs import runner
from engine.models.service.promoted import Promoted
from engine.research.service.alerts import Alert
from engine.research.service.monitoring.result import MonitorResult
from engine.research.service.requests import monitor
from engine.research.service.rules import costs_of, rules_of

MODELS = (
    table.Column("model", "Version", least=120),
    table.Column("role", "Role", width=92),
    table.Column("of", "Score", width=64, help="What the three scores are."),
    table.Column("test", "Training", "number", 3, width=84, help="On the test, by which the model was chosen."),
    table.Column("score", "Newest", "number", 3, width=76, help="On the bars that came after the run's data."),
    table.Column("interval", "95%", least=112, help="Block-bootstrap interval of the newest score."),
    table.Column("labels", "Labels", "number", width=70, help="New bars whose outcome is known by now."),
    table.Column("profit", "Paper", "signed_percent", 1, width=84, help="Profit of the paper account on the new bars."),
    table.Column("drift", "Drift", width=76, help="Inputs that have moved beyond chance, of all inputs."),
    table.Column("bars", "New bars", least=176),
)
ALERTS = (
    table.Column("created", "Since", "day", width=110),
    table.Column("rule", "Rule", width=150),
    table.Column("sentence", "Alert", least=360),
)
NOT_SCORED = "not scored on the newest bars"


def result_of(item: Promoted) -> MonitorResult | None:
    """The stored score on the bars of today, None where there is none. Raises ``EngineError``."""
    found: MonitorResult | None = runner.lookup(monitor(item.item, costs_of(rules_of(item.item.name))))
    return found


def model_rows(items: Sequence[Promoted]) -> list[dict[str, Any]]:
    """A row a model in service; of one that is not scored, or cannot be read, it says so."""
    return [_model(item) for item in items]


def _model(item: Promoted) -> dict[str, Any]:
    row = {"key": item.alias, "model": item.item.reference, "role": item.role, "about": item.item.label}
    try:
        found = result_of(item)
    except EngineError as error:
        return {**row, "bars": str(error)}
    if found is None:
        return {**row, "bars": NOT_SCORED}
    name, newest = found.headline, found.newest
    interval = newest.interval(name)
    return {
        **row,
        "of": SHORT.get(name, name),
        "test": _plain(found.test.scores.get(name)),
        "score": _plain(newest.scores.get(name)),
        "interval": band(*interval, 3) if interval else "",
        "labels": newest.scored,
        "profit": _plain(newest.total_return),
        "drift": f"{len(found.beyond)} of {len(found.inputs)}" if newest.rows else "",
        "bars": span(newest) if newest.rows else "none yet",
    }


def alert_rows(found: Sequence[Alert]) -> list[dict[str, Any]]:
    """A row an alert."""
    return [
        {
            "key": str(item.id),
            "rule": RULES.get(item.rule, item.rule),
            "sentence": item.sentence,
            **saved_at(item.created),
        }
        for item in found
    ]


def _plain(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)
