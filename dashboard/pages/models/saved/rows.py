"""Trained models as rows of the library, and registered ones as rows of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import runs, state
from dashboard.text.format import minute
from engine.core.errors import EngineError
from engine.core.spec import Spec
from engine.jobs import library
from engine.jobs.library import Saved
from engine.models.scores import HEADLINE
from engine.models.service import registered, roles
from engine.models.service.registered import Registered
from engine.models.spec import ModelSpec

SHORT = {"auc": "AUC", "rank_ic": "IC"}
"""Short names of the main scores, in a table."""


def run_rows(found: Sequence[Saved], changes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Saved runs as rows; ``changes`` are those of ``library.changes``."""
    names = registered.of_runs([item.key for item in found])
    return [_run(item, changes.get(item.key, ""), names.get(item.key, ())) for item in found]


def _run(item: Saved, changed: str, names: Sequence[str]) -> dict[str, Any]:
    spec: Any = item.spec
    query, name = state.to_query(spec), HEADLINE[spec.target.task]
    band, scores = item.summary.get("null_band"), item.summary.get("scores")
    setup = f"{features(spec)}; {spec.market.label()}"
    known = scores if isinstance(scores, Mapping) else {}
    return {
        "key": item.key,
        "path": "/models",
        "label": spec.model.label(),
        "setup": setup,
        "about": f"{spec.model.label()} on {setup}; {spec.validation.label()}; run {runs.short({'key': item.key})}",
        "query": query,
        "changed": changed,
        "stored": item.size > 0,
        "then": query,
        "target": spec.target.label(),
        "score": known.get(name),
        "of": SHORT.get(name, name),
        "null": band[1] if isinstance(band, list) else None,
        "p": item.summary.get("p_value"),
        "names": ", ".join(names),
        **saved_at(item.created),
        "tags": ", ".join(item.tags),
        "note": item.note,
        "pinned": item.pinned,
        "deleted": item.deleted is not None,
        "renames": item.deleted is None,
    }


def features(spec: ModelSpec) -> str:
    """The first features, and how many more."""
    more = len(spec.features) - 3
    named = ", ".join(feature.label() for feature in spec.features[:3])
    return f"{named} and {more} more" if more > 0 else named


def registered_rows(items: Sequence[Registered]) -> list[dict[str, Any]]:
    """The versions as rows; a request that cannot be read here has no link."""
    known = library.find([item.run for item in items])
    held = {(item.name, item.version): item.role for item in roles.every()}
    return [
        _registered(item, known[item.run].spec if item.run in known else _spec(item))
        | {"role": held.get((item.name, item.version), "")}
        for item in items
    ]


def _registered(item: Registered, spec: Spec | None) -> dict[str, Any]:
    query = state.to_query(spec) if isinstance(spec, ModelSpec) else ""
    return {
        "key": item.reference,
        "path": "/models",
        "query": query,
        "label": item.reference,
        "setup": item.label,
        "about": f"{item.label}; run {item.run[:8]}",
        "name": item.name,
        "run": item.run[:8],
        **saved_at(item.created),
        "stored": True,
        "changed": "",
        "deleted": item.deleted is not None,
    }


def _spec(item: Registered) -> ModelSpec | None:
    try:
        return registered.spec_of(item) if item.deleted is None else None
    except EngineError:
        return None


def saved_at(created: float) -> dict[str, Any]:
    """When, as the cell of the column draws it."""
    return {"created": created * 1000, "moment": minute(created)}
