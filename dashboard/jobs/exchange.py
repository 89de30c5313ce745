"""Messages between Dash and the manager: spec and page of a background callback, progress and value of its job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dashboard.jobs.call import UNSTORED, Unstored
from dashboard.jobs.listing import Job
from dashboard.jobs.requested import Request
from engine.jobs import requests, runner


def spec_in(args: Any) -> Request | None:
    """The spec, if a callback's one argument is the JSON of one. Raises ``SpecError`` if it is a wrong one."""
    values = list(args.values() if isinstance(args, Mapping) else args)
    if len(values) != 1 or not isinstance(values[0], str) or not values[0].startswith("{"):
        return None
    try:
        fields = json.loads(values[0])
    except ValueError:
        return None
    if "kind" not in fields:
        return None
    return requests.load_request(fields)


def page_in(context: Any) -> str:
    """The page of a callback: the ids of its outputs name it."""
    outputs = context.get("outputs_list") or []
    ids = [item["id"] for item in (outputs if isinstance(outputs, list) else [outputs]) if isinstance(item, Mapping)]
    return next((str(id_["page"]) for id_ in ids if isinstance(id_, Mapping) and "page" in id_), "")


def progress_of(job: Job) -> dict[str, Any]:
    """The progress of a job that has reported none."""
    names = ("status", "message", "fraction", "created", "started")
    return {name: getattr(job, name) for name in names} | {"partial": None}


def value_of(outcome: Any) -> Any:
    """The value of an outcome; a result that could not be stored is kept in this process, and the value says so."""
    if not isinstance(outcome, Unstored):
        return outcome
    runner.store().hold(outcome.key, outcome.data)
    return {**outcome.value, "warning": UNSTORED}


def why_lost(job: Job | None) -> str:
    """The sentence where a job has ended and left nothing."""
    if job is not None and job.status == "interrupted":
        return job.message
    return "The result of this job is no longer stored: run it again."
