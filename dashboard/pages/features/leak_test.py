"""The leak test of the features on the page: a job beside the result, its verdicts, and the values that prove them."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, callback, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components import card
from dashboard.components.bar_table import bar_table
from dashboard.jobs import side_job
from dashboard.jobs.requested import stored
from dashboard.jobs.side_job import SideJob
from dashboard.pages.features import ids
from dashboard.security.payloads import Answer
from dashboard.shell import Chip
from dashboard.text.format import count
from engine.features.checks.result import FeatureCheck, FeatureVerdict
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.spec import FeatureSpec
from engine.jobs.requests import load_spec

JOB = SideJob(ids.PAGE, "leak-test")
LONGEST = 20.0
"""Seconds that a test may be estimated to take to be begun by itself."""
_SHOWN = 20  # rows of proof


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(frame.result(ids.PAGE), "data"),
)
def ask(data: runs.ResultData) -> tuple[Any, Any, Any]:
    """A stored verdict at once, else a job for it; none for a set whose test would keep a worker for long."""
    spec = load_spec(data["spec"]) if data and "spec" in data else None
    if not isinstance(spec, FeatureSpec):
        raise PreventUpdate
    request = check_of(spec)
    if request.estimate().seconds > LONGEST and stored(request) is None:
        return {"error": "Not tested automatically: so many features take long."}, no_update, None
    return *side_job.start(request), None


JOB.wire()


def check_of(spec: FeatureSpec) -> FeatureCheckSpec:
    """The test of the features of ``spec``."""
    return FeatureCheckSpec(market=spec.market, features=spec.features)


def verdicts(answer: Answer, spec: FeatureSpec) -> FeatureCheck | None:
    """What the test of ``spec`` has found; None while there is no answer, or only that to another request."""
    if not answer or "spec" not in answer:
        return None
    asked, found = runs.opened({name: str(value) for name, value in answer.items()}, FeatureCheckSpec)
    return found if asked == check_of(spec) else None


def note(found: FeatureCheck | None, answer: Answer) -> str:
    """The outcome in a sentence, or one for each finding."""
    if found is None:
        return str((answer or {}).get("error") or "testing for look-ahead")
    bad = [item for item in found.verdicts if item.verdict in ("leaks", "unstable warm-up")]
    if bad:
        return " ".join(item.sentence() for item in bad[:3])
    certified = sum(item.certified for item in found.verdicts)
    histories = max(item.histories for item in found.verdicts)
    proof = f", {certified:,} equal TA-Lib's streaming form bar by bar" if certified else ""
    return f"no look-ahead on {histories} shorter or changed histories{proof}"


def chips(found: FeatureCheck | None, answer: Answer) -> list[Chip]:
    """The verdict on all of them, for the header."""
    if found is None:
        return []
    leaking, unsettled = found.counts.get("leaks", 0), found.counts.get("unstable warm-up", 0)
    text = note(found, answer)
    if leaking:
        return [Chip(f"{count(leaking, 'feature')} {'leaks' if leaking == 1 else 'leak'}", tone="bad", title=text)]
    if unsettled:
        return [Chip(f"{count(unsettled, 'unstable warm-up')}", tone="warn", title=text)]
    return [Chip("no look-ahead", tone="ok", title=text)]


def proof(found: FeatureCheck | None) -> list[Component]:
    """The values that changed, in a card; nothing where none did."""
    rows = [row for item in (found.verdicts if found else ()) for row in _rows(item)]
    if not rows:
        return []
    head = [("Feature", ""), ("Symbol", ""), ("Bar", ""), ("Known then", "Value on the data that was known then."),
            ("On all data", "Value on the whole history.")]  # fmt: skip
    more = f" of {len(rows):,}" if len(rows) > _SHOWN else ""
    return [
        card.card("Leak test", bar_table(head, rows[:_SHOWN]), sub=f"{len(rows[:_SHOWN])}{more} values that prove it")
    ]


def _rows(item: FeatureVerdict) -> list[list[str]]:
    signs = [*item.leaks, *item.unsettled]
    return [
        [f"{item.feature} · {sign.output}", sign.symbol, sign.time, f"{sign.then:.6g}", f"{sign.later:.6g}"]
        for sign in signs
    ]
