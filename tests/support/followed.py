"""Runs for strategies that follow one."""

from __future__ import annotations

from typing import Any

from engine.core.errors import SpecError
from engine.core.spec import RunSpec
from engine.labels import LABELS
from engine.models.spec import ModelSpec
from engine.strategies import STRATEGIES, Strategy

QUICK = {"kind": "model", "null_fits": 0}
"""A model without null models trains in a tenth of the time."""


def runs_for(strategy: str | type[Strategy]) -> dict[str, Any]:
    """What the strategy's fields for runs have to hold: of each a model that it can follow."""
    cls = STRATEGIES.available()[strategy] if isinstance(strategy, str) else strategy
    return {name: _model(cls) for name, run in cls.followed_runs().items() if issubclass(run, RunSpec)}


def follows(strategy: str | type[Strategy]) -> bool:
    """Whether it needs a run."""
    return bool(runs_for(strategy))


def _model(cls: type[Strategy]) -> dict[str, Any]:
    for target in [{}, *({"target": {"kind": name}} for name in LABELS.available())]:
        try:
            if not cls.refusal(ModelSpec.parse(QUICK | target)):
                return QUICK | target
        except SpecError:
            continue  # the default model cannot do this task
    raise AssertionError(f"{cls.__name__} follows no model of any label.")
