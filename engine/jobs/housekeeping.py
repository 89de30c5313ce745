"""Disk usage of the cache, and removal of unused results, and of bars where requested.

The run of a removed result stays in the library, with metrics, tags and notes: opening it computes it again. The ledger
of trials is never touched. Each removal may be interrupted at any point: what is left is found at the next reading of
the record (see ``records.complete``), and other processes may read, write and remove at the same time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from engine.core.config import settings
from engine.core.errors import StoreError
from engine.core.store import ResultStore, leftovers
from engine.jobs import records, reports

T = TypeVar("T")

SPARED_SECONDS = 86_400.0
"""Seconds since its last use within which the limit does not apply to a result, as it may be in use."""

TARGET_SHARE = 0.9
"""Share of the limit down to which results are removed, so that not each new one removes another."""

_ORPHANED = 3600.0  # seconds; a result of that age without a run is not one that is just being entered


@dataclass(frozen=True)
class Usage:
    """Bytes on disk: of ``bars``, of ``results`` (``count`` of them, wherever they are kept), of the ``database`` (the
    library, the ledger, the list of jobs), of the live state and folders of ``jobs``. ``limit`` is that of the results,
    None without one; ``free`` and ``total`` are those of the file system under the cache.
    """

    bars: int
    results: int
    count: int
    database: int
    jobs: int
    limit: int | None
    free: int
    total: int


@dataclass(frozen=True)
class Removal(Generic[T]):
    """Items to remove, and the bytes that they free."""

    items: tuple[T, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class Plan:
    """What ``clean`` removes: by run key the ``results`` that were not used since ``before``, the ``orphans`` (results
    without a run), and the runs in the ``bin``; files that killed writers left, and those of ``bars``; by their ids the
    ``reports`` of actions.
    """

    results: Removal[str] = Removal()
    orphans: Removal[str] = Removal()
    bin: Removal[str] = Removal()
    leftovers: Removal[Path] = Removal()
    bars: Removal[Path] = Removal()
    reports: Removal[str] = Removal()
    before: float = 0.0

    @property
    def parts(self) -> tuple[Removal[Any], ...]:
        """All of them."""
        return self.results, self.orphans, self.bin, self.leftovers, self.bars, self.reports


def usage() -> Usage:
    """What is used now. It looks at each file of bars (a millisecond a hundred), at no file of a result."""
    cache, held = settings().cache, records.stored()
    disk = shutil.disk_usage(cache)
    return Usage(
        bars=_size(_bars().glob("*/*")),
        results=held.size,
        count=held.count,
        database=_size(cache.glob("stratoscope.sqlite*")),
        jobs=_size([*cache.glob("live/**/*"), *cache.glob("workers/**/*")]),
        limit=settings().results_limit,
        free=disk.free,
        total=disk.total,
    )


def keep_within_limit(store: ResultStore, now: float | None = None) -> int:
    """Drop the results that nobody has used for the longest time, but none that is pinned, tagged, annotated or
    ``SPARED_SECONDS``, until the rest keeps to the limit of the configuration; returns how many. Raises ``StoreError``.
    """
    limit = settings().results_limit
    if limit is None or (excess := records.stored().size - limit) <= 0:
        return 0
    before = (time.time() if now is None else now) - SPARED_SECONDS
    return drop(store, _until_freed(records.droppable(before), excess + (1 - TARGET_SHARE) * limit), before)


def drop(store: ResultStore, keys: Sequence[str], before: float) -> int:
    """Remove the results of ``keys`` that nobody has used or marked since ``before``; returns how many. Raises
    ``StoreError``.
    """
    if not keys:
        return 0
    try:
        claimed = records.claim(keys, before)
    except StoreError:  # a full disk has no room for the claim: the first result makes it
        store.delete(keys[0])
        claimed = records.claim(keys, before)
    for key in claimed:
        store.delete(key)
        records.set_size(key, 0)
    return len(claimed)


def plan(
    store: ResultStore,
    *,
    older_than: float | None = None,
    empty_bin: bool = False,
    bars: bool = False,
    old_reports: bool = False,
) -> Plan:
    """What there is to remove: results that have not been used for ``older_than`` seconds (None: only what exceeds the
    limit), results without a run, what killed writers left; where they are asked for the bin, all bars, and the reports
    of actions that began as long ago (None: all of them).

    Walks over all files, and corrects the record where it is wrong about one. Raises ``StoreError``.
    """
    now, files = time.time(), store.sizes()
    sizes = {key: size for key, (size, _) in files.items()}
    _correct_sizes(sizes)
    before = now - (SPARED_SECONDS if older_than is None else older_than)
    found = dict(records.droppable(before))
    if older_than is None:
        limit = settings().results_limit
        kept = _until_freed(list(found.items()), records.stored().size - limit if limit is not None else 0)
        found = {key: found[key] for key in kept}
    own = settings().results is None  # elsewhere other servers may have theirs beside ours
    unknown = set(sizes) - records.known(list(sizes)) if own else set()
    left = [*leftovers(_bars()), *(leftovers(settings().cache / "results") if own else ())]
    return Plan(
        results=_removal(found, found),
        orphans=_removal(sorted(key for key in unknown if now - files[key][1] > _ORPHANED), sizes),
        bin=_removal(records.binned() if empty_bin else (), sizes),
        leftovers=Removal(tuple(left), _size(left)),
        bars=_bar_files() if bars else Removal(),
        reports=_removal(old := dict(reports.before(now - (older_than or 0.0)) if old_reports else ()), old),
        before=before,
    )


def _bar_files() -> Removal[Path]:
    """The files of all bars, and those of their earlier versions."""
    found = tuple(sorted(path for path in _bars().glob("*/*") if path.suffix in (".parquet", ".versions")))
    return Removal(found, _size(found))


def clean(store: ResultStore, planned: Plan) -> None:
    """Remove what was ``planned``, but for results that were used, pinned or tagged since. Raises ``StoreError``."""
    for path in (*planned.leftovers.items, *planned.bars.items):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} could not be removed: {error.strerror}.") from None
    for key in (*planned.orphans.items, *planned.bin.items):
        store.delete(key)
    for key in planned.bin.items:
        records.forget(key)
    if planned.reports.items:
        reports.remove(planned.reports.items)
    drop(store, planned.results.items, planned.before)


def _bars() -> Path:
    return settings().cache / "bars"


def _removal(keys: Iterable[str], sizes: Mapping[str, int]) -> Removal[str]:
    items = tuple(keys)
    return Removal(items, sum(sizes.get(key, 0) for key in items))


def _until_freed(found: Sequence[tuple[str, int]], excess: float) -> list[str]:
    """As many of ``found``, from the first on, as make ``excess`` bytes free."""
    chosen = []
    for key, size in found:
        if excess <= 0:
            break
        chosen.append(key)
        excess -= size
    return chosen


def _correct_sizes(sizes: dict[str, int]) -> None:
    """Note the true sizes of results whose record says another, because they came or went outside our sight."""
    wrong = {key: sizes.get(key, 0) for key, size in records.sizes().items() if size != sizes.get(key, 0)}
    with contextlib.suppress(StoreError):  # a full disk has no room for that
        records.complete(lambda key: sizes.get(key, 0))
        for key, size in wrong.items():
            records.correct_size(key, size)


def _size(paths: Iterable[Path]) -> int:
    """Bytes of those files that are there."""
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total += os.stat(path).st_size
    return total
