"""Runs: a stored result is read, a missing one is computed, stored and recorded."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from engine.core import libraries
from engine.core.config import settings
from engine.core.database import connect
from engine.core.errors import Cancelled, NoSuchSeries, SpecError, StoreError
from engine.core.plugin_errors import blamed_on_plugins
from engine.core.progress import Counted, Progress, section, silent
from engine.core.registry import is_plugin, source_digest
from engine.core.spec import Resources, RunSpec, Spec, canonical_json
from engine.core.store import ResultStore, Trial, encode, is_large
from engine.core.stored_values import ReadsSeries, ReadsValues
from engine.jobs import executors, housekeeping, records, trials
from engine.jobs.closure import Closure, closure
from engine.jobs.memory import ResultCache
from engine.jobs.records import Origin as Origin
from engine.jobs.requests import load_spec as load_spec
from engine.jobs.worker import load

JOB_THRESHOLD = 0.2
"""Estimated seconds above which a run is a job."""

UNSTORED = "The result is kept in memory until the program ends."
_log = logging.getLogger("stratoscope")


def run_key(spec: RunSpec) -> str:
    """sha256 in hexadecimal over everything that the result depends on.

    That is the spec; the code of its executor, of those of its inputs and of every plug-in in it, with all modules that
    they import (``closure``); the versions of the numeric libraries that this code imports; and the data that it reads.
    Where a series is gone, it is the key of the newest run of ``spec`` whose result is stored, so that it still opens.
    Raises ``DataError`` where there is none.
    """
    return _identified(spec)[0]


def _identified(spec: RunSpec) -> tuple[str, Origin | None]:
    """``run_key``, and the origin of what would be computed now; None where a series is gone."""
    items, text = _walk(spec), canonical_json(spec, without=spec.ignored())
    try:
        found, data = code(items), _data(items, fingerprint_of)
    except NoSuchSeries:
        for key in records.keys_of(spec.kind, canonical_json(spec)):
            if store().has(key):
                return key, None
        raise
    used = _libraries(found)
    key = _digest({"spec": text, "code": found.digest, "libraries": used, **data})
    return key, Origin(_digest(data), found.digest, _digest(used))


def trial_key(spec: RunSpec) -> str:
    """sha256 over the identity of a trial: its configuration, and the code of its plug-ins.

    It does not change with a new version of the engine or of a library, new fields with a default, newer bars or other
    costs: see ``ledger``. Stored values that a plug-in reads, such as signals of one's own, count as its code.
    """
    trial = spec.as_trial()
    text = canonical_json(trial, without=trial.ignored(), brief=True)
    return _digest({"spec": text, "sources": _own_sources(spec)})


def _own_sources(spec: RunSpec) -> list[str]:
    """Digests of the plug-ins of ``spec`` that are not the engine's, and of the stored values that plug-ins read."""
    items = _walk(spec)
    classes = {type(item) for item in items if is_plugin(type(item))}
    read = {item.values_digest() for item in items if isinstance(item, ReadsValues)}
    return sorted(read.union(source_digest(cls) for cls in classes if not cls.__module__.startswith("engine.")))


Fingerprint = Callable[[Spec], str]


def fingerprint_of(spec: Spec) -> str:
    """Digest of the data that ``spec`` reads itself, "" for none, as a function, which may be cached."""
    if isinstance(spec, ReadsValues):
        return spec.values_digest()
    return spec.fingerprint() if isinstance(spec, RunSpec) else ""


def origin(spec: RunSpec, fingerprint: Fingerprint = fingerprint_of) -> Origin:
    """The current origin of ``spec``. Raises ``DataError`` where the bars do not exist."""
    items = _walk(spec)
    found = code(items)
    return Origin(_digest(_data(items, fingerprint)), found.digest, _digest(_libraries(found)))


def code(items: Sequence[Spec], used: bool = True) -> Closure:
    """The code that computes ``items``, a spec and all in it and in its inputs, with the plug-ins that they ask for if
    ``used``.
    """
    runs = [item for item in items if isinstance(item, RunSpec)]
    plugins = [cls for item in runs for cls in item.uses()] if used else []
    modules = [cls.__module__ for cls in (*map(type, items), *plugins)]
    return closure(frozenset([*modules, *(executors.executor_module(type(item)) for item in runs)]))


def _libraries(found: Closure) -> Mapping[str, str]:
    return libraries.versions(found.packages)


def _data(items: Sequence[Spec], fingerprint: Fingerprint) -> dict[str, object]:
    """The data that ``items`` read."""
    return {"data": [text for item in items if (text := fingerprint(item))]}


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _walk(spec: RunSpec) -> list[Spec]:
    """Every spec inside ``spec`` and inside the runs that it takes its inputs from."""
    items = list(spec.walk())
    for item in spec.inputs().values():
        items += _walk(item)
    return items


def is_job(spec: RunSpec) -> bool:
    """Whether ``spec`` is work for a worker, and its result worth storing: it is estimated to take more than
    ``JOB_THRESHOLD``, or its code imports a package that is too heavy for the server. Anything else is computed at
    once, in whatever process asks, and kept in its memory for a while.
    """
    return bool(code(_walk(spec), used=False).packages & libraries.HEAVY) or spec.estimate().seconds > JOB_THRESHOLD


def resources(spec: RunSpec) -> Resources:
    """What a worker must have to compute ``spec`` and those of its inputs that are not stored: they are computed in the
    same job, which has one progress and one cancel.
    """
    found = spec.resources()
    for item in spec.inputs().values():
        if not is_stored(item):
            found |= resources(item)
    return found


def lookup(spec: RunSpec) -> Any | None:
    """The result of ``spec`` if it is stored or computed at once, else None."""
    if not is_job(spec):
        return run(spec)
    try:
        key = run_key(spec)
    except NoSuchSeries:  # of which nothing is stored
        return None
    result = store().read(key, executors.result_type(spec))
    if result is not None:
        repair_record(key, spec, result)
    return result


def is_stored(spec: RunSpec) -> bool:
    """Whether ``run`` would answer at once."""
    return not is_job(spec) or store().has(run_key(spec))


def run(spec: RunSpec, progress: Progress = silent) -> Any:
    """The result of ``spec``: read if it is stored, else computed after its inputs, recorded and stored.

    On a full disk it stays in the memory of this process, and a warning is logged. What is no job is stored in that
    memory alone. Raises ``EngineError`` with a sentence for the user,
    ``Cancelled`` when ``progress`` says so.
    """
    key, made = _identified(spec)
    if not is_job(spec):
        return _cache().result(key, lambda: _compute(spec, progress, key))
    result = store().read(key, executors.result_type(spec))
    if result is not None:
        repair_record(key, spec, result)
        return result
    began, series = time.time(), series_digests(spec)  # data may change while it computes
    result = _compute(spec, progress, key)
    _store_run(key, spec, result, made or origin(spec), time.time() - began, series)
    if spec.told_to:
        load(spec.told_to).record(key, spec, result, progress)
    return result


def _compute(spec: RunSpec, progress: Progress, key: str = "") -> Any:
    inputs, done = _inputs(spec, progress)
    try:
        counted = Counted(section(progress, done, 1.0), partial(_count_part, spec))
        with blamed_on_plugins(spec):
            return executors.compute(spec, inputs, counted, key)
    except Cancelled as stopped:
        trial, stopped.trial = stopped.trial, None  # of the runs around it none counts that again
        if trial is not None:
            _count_part(spec, trial)
        raise


def _store_run(key: str, spec: RunSpec, result: Any, made: Origin, seconds: float, series: Mapping[str, str]) -> None:
    """Count the trial, enter the run, store its result, in this order: see ``records``."""
    data = None if is_large(result) else encode(result)
    try:
        _count_trial(spec, result)
        records.enter(key, spec, made, result.summary(), seconds, series=series)
        records.set_size(key, store().write(key, result) if data is None else store().put(key, data))
        housekeeping.keep_within_limit(store())
    except StoreError as error:
        if data is None:
            raise  # it would be in memory twice
        if not store().has(key):
            store().hold(key, data)
            _log.warning("%s %s", error, UNSTORED)


def series_digests(spec: RunSpec) -> Mapping[str, str]:
    """The digest of each series that ``spec`` and its inputs read, by the series' name. Raises ``DataError``."""
    readers = [item for item in _walk(spec) if isinstance(item, ReadsSeries)]
    return {name: digest for item in readers for name, digest in item.series_digests().items()}


def repair_record(key: str, spec: RunSpec, result: Any) -> None:
    """Record the use of a result that was read, and complete its record after a crash, a lost database or a
    full disk.
    """
    try:
        if (held := store().held(key)) is not None:
            store().put(key, held)
        _count_trial(spec, result)
        if not records.is_entered(key):
            records.enter(key, spec, origin(spec), result.summary(), anew=False)
            records.set_size(key, store().size(key))
        records.note_use(key)
    except StoreError as error:
        _log.debug("The record of %s could not be repaired: %s", key, error)


def _inputs(spec: RunSpec, progress: Progress) -> tuple[dict[str, Any], float]:
    """The results that ``spec`` needs, and the fraction of the whole that they are, by what each is estimated to take.

    What is read or computed at once takes none of the progress.
    """
    needed = spec.inputs()
    weights = {name: 0.0 if is_stored(item) else item.estimate().seconds for name, item in needed.items()}
    total = max(spec.estimate().seconds, sum(weights.values()) + 0.05)
    inputs, done = {}, 0.0
    for name, item in needed.items():
        share = weights[name] / total
        inputs[name] = run(item, section(progress, done, done + share) if share else silent)
        done += share
    return inputs, done


def recent_runs(
    kind: str, limit: int | None = 200, of: RunSpec | None = None, having: Mapping[str, object] | None = None
) -> list[tuple[str, RunSpec]]:
    """(run key, spec) of finished runs, newest first, all of them for a ``limit`` of None; without those in the bin and
    those whose spec no longer parses. ``of`` leaves those alone whose request holds that one, and ``having`` those
    whose request has these values at dotted paths.
    """
    conditions = having or {}
    same = "".join(" AND json_extract(spec, ?) IS ?" for _ in conditions)
    values = [part for path, value in conditions.items() for part in (f"$.{path}", value)]
    with connect() as database:
        rows = database.execute(
            f"SELECT key, spec FROM runs WHERE kind = ? AND instr(spec, ?){same} AND key NOT IN "
            "(SELECT key FROM run_notes WHERE deleted IS NOT NULL) ORDER BY created DESC LIMIT ?",
            (kind, canonical_json(of) if of else "", *values, -1 if limit is None else limit),
        ).fetchall()
    found = []
    for row in rows:
        try:
            found.append((row["key"], load_spec(row["spec"])))
        except SpecError:
            continue
    return found


def find_run(key: str) -> RunSpec | None:
    """The spec that was computed under ``key``, or None; also where it no longer parses."""
    with connect() as database:
        row = database.execute("SELECT spec FROM runs WHERE key = ?", (key,)).fetchone()
    try:
        return load_spec(row["spec"]) if row else None
    except SpecError:
        return None


def store() -> ResultStore:
    """The result store that the configuration names."""
    return _store(settings().results_url)


@cache
def _cache() -> ResultCache:
    return ResultCache()


@cache
def _store(url: str) -> ResultStore:
    return ResultStore(url)


def _count_part(spec: RunSpec, trial: Trial) -> None:
    """Enter what a search has tried that may not finish; a full disk does not stop it."""
    if not trial.count:
        return
    try:
        trials.record_part(trial_key(spec), spec, trial, code=" ".join(_own_sources(spec)))
    except StoreError as error:
        _log.warning("%s The trials so far are not in the ledger.", error)


def _count_trial(spec: RunSpec, result: Any) -> None:
    trial = getattr(result, "trial", None)
    if trial is not None and spec.continues:
        _count_part(spec, trial())
    elif trial is not None:
        key = trial_key(spec)
        if not trials.has(key):
            trials.record(key, spec, trial(), code=" ".join(_own_sources(spec)), drawn=spec.drawn_combinations(result))
