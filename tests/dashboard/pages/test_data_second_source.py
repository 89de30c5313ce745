"""The series on screen beside the same one from another source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.pages.data import second_source
from engine.core.spec import canonical_json
from engine.market.quality.series import spec as checks
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import random_walk
from tests.support.shown import words
from tests.support.side_jobs import answered
from tests.support.workspace import Workspace


def test_another_source_is_compared_in_the_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = random_walk(100)
    close = ours.close.copy()
    close[30] *= 1.5
    rows = np.delete(np.arange(100), [50])
    other = replace(ours, close=close, series=replace(ours.series, collection="elsewhere", provider="yahoo"))
    other = replace(other, **{name: values[rows] for name, values in other._columns().items()})
    save(ours)
    save(replace(other, series=replace(other.series, rows=99)))
    asked = MarketSpec(collection="made-up", symbols=("TEST",))
    viewed = {"key": "k", "spec": canonical_json(asked), "symbol": "TEST"}
    hidden, options, value = second_source.offer(viewed)
    assert (hidden, value, [item["label"] for item in options]) == (False, "", ["Compare with", "elsewhere, yahoo"])

    def shown(chosen: str) -> str:
        return " ".join(words(second_source.show(answered(second_source.ask(chosen, viewed)), None, "UTC")))

    assert "Choose one" in shown(value)
    said = shown(options[1]["value"])
    assert "Only in made-up 1 bar: 2020-02-20" in said
    assert "Closes differ 1 bar by more than 0.1%, at most 50.00%" in said
    assert "2020-01-31" in said
    assert "+50.00%" in said
    assert "Choose one" in shown("forged")
    monkeypatch.setattr(checks, "_COMPARED", 1)  # a second: a job, and stored
    assert second_source.ask(options[1]["value"], viewed)[0] == {"waits": True}
    assert shown(options[1]["value"]) == said
    assert "key" in second_source.ask(options[1]["value"], viewed)[0]
    alone = {"key": "k", "spec": canonical_json(MarketSpec(symbols=("NVDA",))), "symbol": "NVDA"}
    assert second_source.offer(alone)[0] is True
