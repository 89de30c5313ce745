"""Side jobs of a page without a server: what their stores hold in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.jobs import side_job
from dashboard.jobs.requested import fulfil
from engine.core.errors import EngineError
from engine.core.progress import silent
from engine.jobs.requests import load_request


def answered(asked: tuple[Mapping[str, Any] | None, Any]) -> Any:
    """The answer, once the job is done if one was ``asked`` for."""
    answer, job = asked
    if not answer or not answer.get("waits"):
        return answer
    try:
        return fulfil(load_request(job), silent)
    except EngineError as error:
        return side_job.failed_in_place(error)
