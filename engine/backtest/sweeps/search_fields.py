"""Fields of a request that say which combinations of its axes are tried, and by what they are ranked."""

from __future__ import annotations

from typing import Any, Literal

from engine.core.spec import parameter

Sample = Literal["grid", "random", "latin_hypercube", "tpe"]
Objective = Literal["sharpe", "total_return", "calmar"]
_DRAWN = {"sample": ("random", "latin_hypercube", "tpe")}


def sample_field(help: str) -> Any:
    """Field of a ``Sample``: how combinations are drawn from the axes."""
    names = {"grid": "Grid", "random": "Random", "latin_hypercube": "Latin", "tpe": "TPE"}
    return parameter("grid", title="Combinations", help=help, choices=names, section="Search")


def count_field(help: str) -> Any:
    """Field of an int, the number of combinations to draw; the form hides it for a grid."""
    return parameter(1000, title="Draws", help=help, ge=1, le=1_000_000, section="Search", when=_DRAWN)


def seed_field() -> Any:
    """Field of an int, the seed of the draws; the form hides it for a grid."""
    return parameter(0, title="Seed", ge=0, le=2**31 - 1, section="Search", when=_DRAWN)


def objective_field(section: str, help: str = "") -> Any:
    """Field of an ``Objective``, the metric that is maximised."""
    names = {"sharpe": "Sharpe", "total_return": "Return", "calmar": "Calmar"}
    return parameter("sharpe", title="Metric to maximise", help=help, choices=names, section=section)
