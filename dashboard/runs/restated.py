"""The line above a result on bars that have been restated: how, and the way to the run on the bars of then or today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids, state
from dashboard.runs.results import ResultData
from dashboard.text.restated import sentence, since_run
from engine.core.spec import RunSpec, kind_name
from engine.jobs import library, runner
from engine.market.spec import MarketSpec

R = TypeVar("R", bound=RunSpec)


def line(page: str) -> Component:
    """Its place among the results of ``page``, empty where there is nothing to say."""
    return html.Div(id=ids.part("restated", page), className="undo-bar", role="status")


def wire(page: str) -> None:
    """Fill the ``line`` of ``page``."""
    callback(Output(ids.part("restated", page), "children"), Input(ids.result(page), "data"))(partial(_of_result, page))


def _of_result(page: str, data: ResultData) -> Sequence[Component]:
    if not data or "spec" not in data:
        return []
    return note(f"/{ids.owner(page)}", data.get("key", ""), runner.load_spec(data["spec"]))


def note(path: str, key: str, spec: RunSpec) -> list[Component]:
    """Of the run ``key`` on bars as known on a date what has been restated since, of another what has been since an
    earlier run of the same request; ``path`` is that of its page.
    """
    text = sentence(since_run(key, spec))
    known = next((item.known_on for item in spec.walk() if isinstance(item, MarketSpec) and item.known_on), None)
    if known is not None:
        today = state.to_query(on_bars_of(spec, None))
        words = f"On bars as known on {shown(known)} UTC. {text or 'Nothing has been restated since.'}"
        return [html.Span(words), dcc.Link("Run on today's data", href=f"{path}?spec={today}")]
    before = library.earlier(key, spec) if text else None
    if before is None:
        return []
    then = state.to_query(on_bars_of(spec, datetime.fromtimestamp(before.created, UTC)))
    words = f"An earlier run of this request was on other bars. {text}"
    repeat = dcc.Link("Repeat as it was", href=f"{path}?spec={then}", title="The same request on the bars of then")
    return [html.Span(words), repeat]


def shown(known: object) -> str:
    """A day or a moment, to the second."""
    return str(known)[:19]


def on_bars_of(spec: R, moment: datetime | None) -> R:
    """The same request on its bars as known at ``moment``, None for today's."""
    return type(spec).parse(_known_at(spec.model_dump(), moment))


def _known_at(value: Any, moment: datetime | None) -> Any:
    if isinstance(value, list | tuple):
        return [_known_at(item, moment) for item in value]
    if not isinstance(value, Mapping):
        return value
    changed = {name: _known_at(item, moment) for name, item in value.items()}
    return changed | ({"known_on": moment} if value.get("kind") == kind_name(MarketSpec) else {})
