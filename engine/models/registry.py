"""The models that have been trained: what a strategy can follow."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.database import connect


@dataclass(frozen=True)
class TrainedModel:
    """A finished training run: its run ``key``, its ``spec`` as JSON, and when it ended (seconds since 1970)."""

    key: str
    label: str
    spec: str
    created: float


def trained(limit: int = 200) -> tuple[TrainedModel, ...]:
    """Models trained with this cache, newest first."""
    with connect() as database:
        rows = database.execute(
            "SELECT key, label, spec, created FROM runs WHERE kind = 'model' ORDER BY created DESC LIMIT ?",
            (limit,),
        ).fetchall()
    return tuple(TrainedModel(row["key"], row["label"], row["spec"], row["created"]) for row in rows)
