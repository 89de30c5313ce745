"""Overlap of entries in the ledger: combinations of a search run by themselves, and overlapping searches.

Determined from the requests and not from stored results, which may be gone. Costs make no difference, see ``ledger``;
neither does the warm-up of a search, which runs opened from it keep, nor another first day with the same measured bars.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.run import combinations
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.stress import is_stress
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.spec import kind_name
from engine.market.bars import Floats

_SEARCHES: tuple[type[SweepSpec] | type[WalkForwardSpec], ...] = (SweepSpec, WalkForwardSpec)
_KINDS: Mapping[str, type[BacktestSpec] | type[SweepSpec] | type[WalkForwardSpec]] = {
    kind_name(cls): cls for cls in (BacktestSpec, *_SEARCHES)
}
_START = "market.start"


@dataclass(frozen=True, eq=False)
class SearchSpace:
    """The backtests of one request: ``fixed`` plain values by path, and the axes ``scales`` (empty for a single
    backtest). ``search`` is the request of a search; ``drawn`` are its combinations where it does not determine them
    (TPE), as bytes of float64 (combinations, all axes).
    """

    fixed: Mapping[str, Any]
    start: str
    scales: tuple[ResolvedAxis, ...]
    search: SweepSpec | None = None
    drawn: bytes | None = None

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(scale.path for scale in self.scales)

    @cached_property
    def is_grid(self) -> bool:
        return self.search is None or self.search.sample == "grid"

    @cached_property
    def values(self) -> tuple[frozenset[float], ...]:
        """Grid values of each axis."""
        return tuple(frozenset(scale.values().tolist()) for scale in self.scales)

    @cached_property
    def row_hashes(self) -> NDArray[np.int64]:
        """Of the combinations of a search that is no grid, see ``_row_hashes``."""
        return np.unique(_row_hashes(self.rows()))

    def rows(self) -> Floats:
        """All combinations (combinations, axes); for a grid of a strategy without a vectorised validation, invalid ones
        included.
        """
        if self.search is None:
            return np.empty((1, 0))
        every = self.search.scales()
        if self.drawn is not None:
            rows = np.frombuffer(self.drawn).reshape(-1, len(every))
        elif self.is_grid and not hasattr(type(self.search.base.strategy), "valid"):
            rows = sampling.grid(every)
        else:
            rows, _ = combinations(self.search, every)
        places = [place for place, scale in enumerate(every) if scale.path in self.paths]
        return rows if len(places) == len(every) else np.unique(rows[:, places], axis=0)

    def number(self, scale: ResolvedAxis) -> float | None:
        """The fixed value at the path of ``scale``, as a value of that axis."""
        value = self.fixed.get(scale.path)
        if scale.words:
            return float(scale.words.index(str(value))) if str(value) in scale.words else None
        return float(value) if isinstance(value, int | float) else None


def is_search(request: str) -> bool:
    """Whether a request's canonical JSON, as the ledger keeps it, asks for many backtests."""
    return _KINDS.get(json.loads(request).get("kind")) in _SEARCHES


def space(request: str, drawn: bytes | None = None) -> SearchSpace | None:
    """The search space of a request's canonical JSON from the ledger; None where it is neither a backtest nor a search,
    no longer parses, or does not determine its combinations.
    """
    try:
        return _space(request, drawn)
    except SpecError:
        return None


@lru_cache(maxsize=8192)
def _space(request: str, drawn: bytes | None) -> SearchSpace | None:
    plain = json.loads(request)
    cls = _KINDS.get(plain.get("kind"))
    if cls is None:
        return None
    spec = cls.parse(plain)
    if isinstance(spec, BacktestSpec):
        return _search_space(spec, ())
    search = spec.sweep() if isinstance(spec, WalkForwardSpec) else spec
    scales = tuple(scale for scale in search.scales() if not is_stress(scale.path))
    if scales and search.sample == "tpe" and drawn is None:
        return None
    return _search_space(search.base, scales, search if scales else None, drawn)


def _search_space(
    base: BacktestSpec, scales: tuple[ResolvedAxis, ...], search: SweepSpec | None = None, drawn: Any = None
) -> SearchSpace:
    base = base.as_trial([scale.path for scale in scales])
    plain = base.model_dump(mode="json")
    for name in (*base.ignored(), "warm_up"):
        plain.pop(name, None)
    fixed = {path: value for path, value in _flat(plain, "").items() if not is_stress(path)}
    start = str(fixed.pop(_START) or "")
    for scale in scales:
        fixed.pop(scale.path, None)
    return SearchSpace(fixed, start, scales, search, drawn)


def _flat(value: Any, path: str) -> dict[str, Any]:
    """Plain values by their dotted paths."""
    if not isinstance(value, dict | list) or not value:
        return {path: value if not isinstance(value, dict | list) else len(value)}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {key: item for at, inner in items for key, item in _flat(inner, f"{path}.{at}" if path else str(at)).items()}


def covered(one: SearchSpace, others: Sequence[SearchSpace]) -> float:
    """The share of the combinations of ``one`` that any of ``others`` contains."""
    near = tuple(other for other in others if _may_overlap(one, other))
    return _share(one, near) if near else 0.0


@lru_cache(maxsize=2**18)
def _may_overlap(one: SearchSpace, other: SearchSpace) -> bool:
    """Whether the two may have a combination in common."""
    return _differ_on_axes(one, other) and _axes_overlap(one, other)


@lru_cache(maxsize=1024)
def _share(one: SearchSpace, near: tuple[SearchSpace, ...]) -> float:
    if not one.scales and any(other.is_grid for other in near):
        return 1.0
    rows = one.rows()
    found = np.zeros(len(rows), dtype=bool)
    for other in near:
        found |= _members(one, rows, other)
    return float(found.mean())


def _differ_on_axes(one: SearchSpace, other: SearchSpace) -> bool:
    """Whether the two differ on their axes alone."""
    if not one.scales:
        both = len(other.fixed) + sum(path in one.fixed for path in other.paths)
        return len(one.fixed) == both and other.fixed.items() <= one.fixed.items()
    fixed = {path: value for path, value in one.fixed.items() if path not in other.paths}
    return fixed == {path: value for path, value in other.fixed.items() if path not in one.paths}


def _axes_overlap(one: SearchSpace, other: SearchSpace) -> bool:
    """Whether two grids have a value in common on every axis; True for samples."""
    if not (one.is_grid and other.is_grid):
        return True
    own = {scale.path: values for scale, values in zip(one.scales, one.values, strict=True)}
    its = {scale.path: values for scale, values in zip(other.scales, other.values, strict=True)}
    return all(
        not own[scale.path].isdisjoint(its[scale.path]) if scale.path in own else one.number(scale) in its[scale.path]
        for scale in other.scales
    ) and all(other.number(scale) in own[scale.path] for scale in one.scales if scale.path not in its)


def _members(one: SearchSpace, rows: Floats, other: SearchSpace) -> NDArray[np.bool_]:
    """Mask of ``rows``, the combinations of ``one``, that are among those of ``other`` (combinations,)."""
    swept = {scale.path: column for scale, column in zip(one.scales, rows.T, strict=True)}
    found = np.ones(len(rows), dtype=bool)
    for scale in one.scales:
        if scale.path not in other.paths:
            found &= swept[scale.path] == other.number(scale)
    columns = [
        swept[scale.path] if scale.path in swept else np.full(len(rows), one.number(scale), dtype=np.float64)
        for scale in other.scales
    ]
    if not other.is_grid:
        return found & np.isin(_row_hashes(np.column_stack(columns)), other.row_hashes)
    for column, values in zip(columns, other.values, strict=True):
        found &= np.isin(column, list(values))
    return found


def _row_hashes(rows: Floats) -> NDArray[np.int64]:
    """A hash of each of ``rows``."""
    return np.fromiter((hash(tuple(row)) for row in rows.tolist()), np.int64, len(rows))
