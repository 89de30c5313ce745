"""The verdict of the leak test beside each card of the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback

from dashboard.features_form import FEATURES, SET
from dashboard.pages.features import ids, leak_test
from dashboard.pages.features.form import FORM
from dashboard.runs import opened
from dashboard.runs.form_callbacks import Entered
from dashboard.runs.wiring import entered
from dashboard.security.payloads import Answer
from dashboard.text.format import count
from engine.core.errors import SpecError
from engine.features import ranges
from engine.features.checks.result import FeatureVerdict
from engine.features.checks.spec import FeatureCheckSpec

_TONES = {"leaks": "bad", "unstable warm-up": "warn", "clean": "ok"}

Verdict = dict[str, str]
"""What a card says, as ``text``, ``tone`` and ``title``."""


@callback(
    Output(ids.VERDICTS, "data"),
    inputs={"answer": Input(leak_test.JOB.answer, "data"), "form": entered(ids.PAGE, State)},
    prevent_initial_call=True,
)
def beside(answer: Answer, form: Entered) -> dict[str, Verdict]:
    """By the path of each card what the test of its features has found; nothing where the test is of others."""
    if not answer or "spec" not in answer:
        return {}
    asked, found = opened({name: str(value) for name, value in answer.items()}, FeatureCheckSpec)
    values = FORM.collect([*form["choices"], *form["fields"]], [*form["kinds"], *form["values"]])
    try:
        is_current = FORM.parse(values).features == asked.features  # type: ignore[union-attr] # of a FeatureSpec
    except SpecError:
        return {}
    return by_card(values[FEATURES], found.verdicts) if is_current else {}


clientside_callback(
    ClientsideFunction("stratoscope", "cardVerdicts"),
    Input(ids.VERDICTS, "data"),
    prevent_initial_call=True,
)


def by_card(entries: Sequence[Mapping[str, Any]], verdicts: Sequence[FeatureVerdict]) -> dict[str, Verdict]:
    """What each of ``entries``, cards and a set after them, says of the verdicts on what it stands for."""
    cards = [entry for entry in entries if SET not in entry]
    found, at = {}, 0
    for place, size in enumerate(ranges.counts(cards)):
        found[f"{FEATURES}.{place}"] = summed_up(verdicts[at : at + size])
        at += size
    if at < len(verdicts):
        found[SET] = summed_up(verdicts[at:])
    return found


def summed_up(verdicts: Sequence[FeatureVerdict]) -> Verdict:
    """The worst of ``verdicts``, how many have it, and the longest warm-up."""
    worst = next((name for name in _TONES if any(item.verdict == name for item in verdicts)), verdicts[0].verdict)
    having = [item for item in verdicts if item.verdict == worst]
    words = having[0].words if len(verdicts) == 1 else f"{_share(len(having), len(verdicts))} {worst}"
    longest = count(max(item.warm_up for item in verdicts), "bar")
    return {
        "text": f"{words} · warm-up {longest}",
        "tone": _TONES.get(worst, ""),
        "title": " ".join(item.sentence() for item in having[:3]),
    }


def _share(having: int, all: int) -> str:
    return f"all {all:,}" if having == all else f"{having:,} of {all:,}"
