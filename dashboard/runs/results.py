"""Stored results and reports that a page draws: read for what the browser holds of them."""

from __future__ import annotations

from typing import Any, TypeVar

from dash.exceptions import PreventUpdate

from dashboard.jobs.call import UNSTORED
from dashboard.security.payloads import ResultData as ResultData
from dashboard.text.restated import sentence
from engine.core.config import settings
from engine.core.errors import EngineError, SpecError
from engine.core.spec import Action, RunSpec, kind_name
from engine.jobs import actions, records, runner
from engine.jobs.actions import Performed
from engine.market.known import gone, restated

S = TypeVar("S", bound=RunSpec)


def opened(data: ResultData, kind: type[S]) -> tuple[S, Any]:
    """(spec, result) of what a page's result store holds; raises ``PreventUpdate`` where there is nothing to draw, and
    ``SpecError`` for a request of another kind.

    The data comes from the browser: it is parsed as any spec, and a stored spec is only ever read here, not computed.
    """
    if not data or "spec" not in data:
        raise PreventUpdate
    spec = runner.load_spec(data["spec"])
    if not isinstance(spec, kind):
        raise SpecError([("kind", f"Expected a '{kind_name(kind)}', not a '{spec.kind}'.")])
    result = runner.lookup(spec)
    if result is None:
        if data.get("key") != runner.run_key(spec):
            if said := sentence(restated(records.series_of(data.get("key", "")))):
                raise EngineError(f"{said} Run it again on today's bars, or as known on the day of this run.")
            raise EngineError(
                "The data, a plug-in or Stratoscope itself has changed since this request: run it again. If this "
                "message comes back, restart the server."
            )
        raise EngineError(_not_stored())
    return spec, result


def _not_stored() -> str:
    """What to do about a result that was computed and is not there; workers elsewhere may have stored it elsewhere."""
    if settings().compute.scheduler is None:
        return "This result is no longer stored: run it again."
    return (
        "This result is not stored where this server reads: run it again. If this message comes back, start the "
        "workers with the same configuration file: 'results' has to name a place that all of them reach."
    )


def report(data: ResultData, kind: type[Action]) -> Performed:
    """The action of this ``kind`` whose report a page's result store names; raises ``PreventUpdate`` where there is
    nothing to draw, ``SpecError`` for a report of another kind and ``EngineError`` for one that is no longer stored.
    """
    if not data or "report" not in data:
        raise PreventUpdate
    found = actions.find(data["report"])
    if found is None:
        raise EngineError("This report is no longer stored: run it again.")
    if not isinstance(found.action, kind):
        expected = kind_name(kind)
        raise SpecError([("kind", f"Expected a report of '{expected}', not of '{found.action.kind}'.")])
    return found


def warning(key: str) -> dict[str, str]:
    """For a page's result store: what there is to say of a result, or a report by its id, that is in memory alone, and
    of one whose series are gone.
    """
    if runner.store().held(key) is not None:
        return {"warning": UNSTORED}
    found = gone(records.series_of(key))
    if not found:
        return {}
    named = ", ".join(found[:4]) + (f" and {len(found) - 4:,} more" if len(found) > 4 else "")
    return {"warning": f"The bars of {named} are gone: this is the stored result. Restore them to compute it again."}


def short(data: ResultData) -> str:
    """The run key as people quote it: ``7f3a·c91e``."""
    key = (data or {}).get("key", "")
    return f"{key[:4]}·{key[4:8]}" if key else ""
