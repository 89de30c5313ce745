"""Runs and actions as jobs: the key of each, the resources that it needs, and its outcome.

The outcome of a request is what the result store of a page holds: ``{"key", "spec"}`` of a run, whose result is stored
under that run key; ``{"key", "spec", "report"}`` of an action, with the id of the report that it has left.
"""

from __future__ import annotations

from typing import TypeAlias

from engine.core.progress import Progress
from engine.core.spec import Action, Resources, RunSpec, canonical_json
from engine.jobs import actions, runner
from engine.jobs.actions import Performed

Request: TypeAlias = RunSpec | Action


def job_key(request: Request) -> str:
    """The key of the job that computes or performs ``request``: equal requests of the same moment are one job."""
    return actions.job_key(request) if isinstance(request, Action) else runner.run_key(request)


def resources(request: Request | None) -> Resources:
    """What a worker must have for the job."""
    if request is None:
        return Resources()
    return request.resources() if isinstance(request, Action) else runner.resources(request)


def fulfil(request: Request, progress: Progress) -> dict[str, str]:
    """Runs in a worker: the run is computed and stored, the action performed and its report kept."""
    if isinstance(request, Action):
        return reported(actions.perform(request, progress))
    runner.run(request, progress)
    return {"key": runner.run_key(request), "spec": canonical_json(request)}


def stored(request: Request) -> dict[str, str] | None:
    """The outcome of a run that is stored already; None where it must be computed, and of an action, which is done
    each time that it is asked for.
    """
    if isinstance(request, Action) or not runner.is_stored(request):
        return None
    return {"key": runner.run_key(request), "spec": canonical_json(request)}


def reported(done: Performed) -> dict[str, str]:
    """The outcome of an action."""
    return {"key": done.job, "spec": canonical_json(done.action), "report": done.id}
