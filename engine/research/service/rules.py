"""The rules that a model in service is held to, and what breaks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from engine.backtest.costs import Costs
from engine.core.config import Rules, settings
from engine.core.database import connect
from engine.core.errors import DataError
from engine.models.service import registered
from engine.research.service.monitoring.result import MonitorResult

_NAMED = 3


@dataclass(frozen=True)
class Breach:
    """A rule, named as its field, that is broken: the ``value`` that is beyond the ``threshold``, in a ``sentence``."""

    rule: str
    sentence: str
    value: float
    threshold: float


def rules_of(name: str) -> Rules:
    """The rules of a model: its own, or those of the configuration."""
    with connect() as database:
        row = database.execute("SELECT rules FROM model_rules WHERE name = ?", (name,)).fetchone()
    try:
        return Rules.model_validate_json(row["rules"]) if row else settings().service.rules
    except ValidationError:  # of another version
        return settings().service.rules


def has_own(name: str) -> bool:
    """Whether the model has rules of its own."""
    with connect() as database:
        return database.execute("SELECT 1 FROM model_rules WHERE name = ?", (name,)).fetchone() is not None


def keep(name: str, values: dict[str, object]) -> Rules:
    """Give the model rules of its own; what ``values`` leaves out is as it was. Raises ``DataError``."""
    name = registered.find(name).name
    if missing := next((field for field, value in values.items() if value is None), None):
        raise DataError(f"The rule '{missing.replace('_', ' ')}' cannot be used: it has no number.")
    try:
        found = Rules.model_validate(rules_of(name).model_dump() | values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]).replace("_", " ")
        problem = str(first["msg"]).removeprefix("Input ")
        raise DataError(f"The rule '{where}' cannot be used: it {problem}.") from None
    with connect() as database:
        database.execute("INSERT OR REPLACE INTO model_rules VALUES (?, ?)", (name, found.model_dump_json()))
    return found


def reset(name: str) -> None:
    """Let the rules of the configuration hold for the model."""
    with connect() as database:
        database.execute("DELETE FROM model_rules WHERE name = ?", (name,))


def costs_of(rules: Rules) -> Costs:
    """The costs of the paper account."""
    return Costs(commission=rules.commission, slippage=rules.slippage)


def breaches(found: MonitorResult, rules: Rules) -> tuple[Breach, ...]:
    """What of ``found`` breaks ``rules``: drift that is both larger than the limit and beyond what chance makes."""
    checks = (_inputs(found, rules), _output(found, rules), _ic(found, rules))
    return tuple(item for item in checks if item is not None)


def _inputs(found: MonitorResult, rules: Rules) -> Breach | None:
    moved = sorted(
        (item for item in found.beyond if item.wasserstein > rules.input_drift), key=lambda item: -item.wasserstein
    )
    if not moved:
        return None
    named = ", ".join(f"{item.name} by {item.wasserstein:.2f} σ" for item in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return Breach(
        "input_drift",
        f"{len(moved)} of {len(found.inputs)} inputs of {found.model} have drifted by more than "
        f"{rules.input_drift:g} σ: {named}{more}.",
        moved[0].wasserstein,
        rules.input_drift,
    )


def _output(found: MonitorResult, rules: Rules) -> Breach | None:
    item = found.output
    if not (item.is_beyond and item.wasserstein > rules.output_drift):
        return None
    return Breach(
        "output_drift",
        f"The predictions of {found.model} have drifted by {item.wasserstein:.2f} σ; the limit is "
        f"{rules.output_drift:g} σ.",
        item.wasserstein,
        rules.output_drift,
    )


def _ic(found: MonitorResult, rules: Rules) -> Breach | None:
    value = found.newest.scores.get("rank_ic", np.nan)
    if found.newest.scored < rules.least_labels or not value < rules.ic_below:
        return None
    return Breach(
        "ic_below",
        f"The rank IC of {found.model} on {found.newest.scored:,} new labels is {_signed(value)}, below "
        f"{_signed(rules.ic_below)}.",
        float(value),
        rules.ic_below,
    )


def _signed(value: float) -> str:
    """With three decimals and a typographic minus sign."""
    return f"{value:.3f}".replace("-", "−")
