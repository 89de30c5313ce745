"""Fetching into the store: every symbol has an outcome, and nothing that is stored is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError, SpecError, StoreError
from engine.core.progress import Progress, silent
from engine.market import catalog, download
from engine.market.bars import Bars
from engine.market.fetching import STATUSES, Fetched, FetchedBars, FetchReport, FetchRequest
from engine.market.sources.files import Files
from engine.market.sources.stored import Stored, save
from engine.market.spec import MarketSpec
from tests.support.market import days, random_walk
from tests.support.workspace import Workspace

WHOLE = random_walk(100, collection="files", symbol="A", source="files")

Answer = Callable[[FetchRequest, Progress], FetchedBars]


def request(*symbols: str, **values: Any) -> FetchRequest:
    return FetchRequest.parse({"source": "files", "symbols": symbols or ("A",)} | values)


def fetched(*answers: Fetched, monkeypatch: pytest.MonkeyPatch, **values: Any) -> FetchReport:
    """The report on a source that answers so."""
    monkeypatch.setattr(Files, "fetch", lambda self, request, progress: iter(answers))
    return download.fetch(request(*(item.symbol for item in answers), **values))


def named(bars: Bars, name: str) -> Bars:
    return replace(bars, series=replace(bars.series, symbol=name))


def stored(name: str = "A") -> Bars | None:
    series = Stored().find("files", name, "1d")
    return None if series is None else Stored().read(series)


pytestmark = pytest.mark.usefixtures("workspace")


def test_from_a_folder_of_files_to_a_backtest_of_their_bars(workspace: Workspace) -> None:
    import engine

    folder = workspace.folder / "prices"
    folder.mkdir()
    workspace.configure("cache: cache\nmarket: {files: {folders: [prices]}}\n")
    close = 100 + np.cumsum(np.random.default_rng(3).normal(size=400))
    rows = [f"{str(day)[:10]},{value!r}" for day, value in zip(days(400), close.tolist(), strict=True)]
    (folder / "BTC%2FUSDT.csv").write_text("\n".join(["date,close", *rows]))
    (folder / "BAD.csv").write_text("date,close\nyesterday,1\n")
    report = download.fetch(request("BTC/USDT", "BAD", "NONE", collection="mine"))
    assert [item.status for item in report.outcomes] == ["stored", "invalid", "unknown symbol"]
    assert report.outcomes[0].rows == report.outcomes[0].added == 400
    assert report.summary()["symbols"] == {"stored": 1, "unknown symbol": 1, "invalid": 1}
    series = catalog.find("mine", "BTC/USDT", "1d")
    assert (series.source, series.provider, series.fetched) == ("stored", "files", report.fetched)
    market = {"collection": "mine", "symbols": ["BTC/USDT"], "adjustment": "none"}
    assert catalog.load(MarketSpec.parse(market)).bars[0].close.tolist() == close.tolist()
    spec = {"kind": "backtest", "market": market, "strategy": {"kind": "ema_cross"}, "fill": "next_close"}
    assert len(engine.run(engine.load_spec(spec | {"costs": {"commission": 5, "slippage": 3}})).equity)
    again = download.fetch(request("BTC/USDT", collection="mine"))
    assert [(item.status, item.rows, item.added) for item in again.outcomes] == [("unchanged", 400, 0)]
    assert catalog.find("mine", "BTC/USDT", "1d").fetched == report.fetched


def test_each_symbol_is_stored_as_soon_as_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that breaks down in the middle has cost nothing of what came before, and says what it was."""

    def breaks(self: Files, request: FetchRequest, progress: Progress) -> FetchedBars:
        yield Fetched("A", WHOLE)
        assert stored("A") is not None
        yield Fetched("B", status="rate limited", sentence="Too many requests.")
        raise ConnectionError("reset")

    monkeypatch.setattr(Files, "fetch", breaks)
    report = download.fetch(request("A", "B", "C"))
    assert [item.status for item in report.outcomes] == ["stored", "rate limited", "not reached"]
    assert "The source 'files' failed" in report.outcomes[2].sentence
    assert "ConnectionError: reset" in report.outcomes[2].sentence
    assert report.summary()["failed"] == {"B": "Too many requests.", "C": report.outcomes[2].sentence}


@pytest.mark.parametrize("status", [name for name in STATUSES if name not in ("stored", "unchanged")])
def test_what_is_stored_stays_whatever_goes_wrong(status: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    save(WHOLE)
    report = fetched(Fetched("A", status=status), monkeypatch=monkeypatch)
    assert report.outcomes[0].status == status
    kept = stored()
    assert kept is not None
    assert kept.digest() == WHOLE.digest()


def test_bars_that_cannot_be_used_replace_none(monkeypatch: pytest.MonkeyPatch) -> None:
    save(WHOLE)
    wrong = WHOLE.close.copy()
    wrong[3] = np.inf
    answers = [
        Fetched("A", replace(WHOLE, close=wrong)),
        Fetched("B", named(replace(WHOLE, time=WHOLE.time[::-1]), "B")),
        Fetched("C", named(WHOLE, "D")),
    ]
    report = fetched(*answers, monkeypatch=monkeypatch)
    assert [item.status for item in report.outcomes] == ["invalid"] * 3
    for item, said in zip(
        report.outcomes, ("infinite", "newest first", "the source sent D in bars of 1d"), strict=True
    ):
        assert said in item.sentence
    kept = stored()
    assert kept is not None
    assert kept.digest() == WHOLE.digest()


def test_disk_that_is_full_is_an_outcome_of_each_symbol(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(bars: Bars) -> Path:
        raise StoreError("The bars could not be stored: No space left on device.")

    monkeypatch.setattr(download, "save", full)
    report = fetched(Fetched("A", WHOLE), Fetched("B", named(WHOLE, "B")), monkeypatch=monkeypatch)
    assert [(item.status, "No space left" in item.sentence) for item in report.outcomes] == [("not stored", True)] * 2


@pytest.mark.parametrize(("first", "stop"), [(0, 60), (40, 100), (30, 70), (97, 100)])
def test_part_of_a_series_is_joined_with_what_is_stored(first: int, stop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = WHOLE.slice(0, 99) if first else WHOLE.slice(first, stop)
    ends = {"rows": len(rest), "start": str(rest.time[0]), "end": str(rest.time[-1])}
    save(replace(rest, series=replace(rest.series, **ends)))
    part = WHOLE.slice(first, stop) if first else WHOLE
    report = fetched(Fetched("A", part), monkeypatch=monkeypatch)
    kept = stored()
    expected = WHOLE if stop == 100 or not first else WHOLE.slice(0, 99)
    assert kept is not None
    assert kept.time.tolist() == expected.time.tolist()
    assert kept.close.tobytes() == expected.close.tobytes()
    assert kept.series.rows == len(expected)
    assert (kept.series.start, kept.series.end) == (str(expected.time[0]), str(expected.time[-1]))
    assert report.outcomes[0].added == len(expected) - len(rest)


def test_prices_that_were_restated_are_not_mixed_with_the_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a series before a dividend and half after it would have a jump that never was."""
    save(WHOLE.slice(0, 90))
    part = WHOLE.slice(50, 100)
    report = fetched(Fetched("A", replace(part, adj_close=part.adj_close * 0.99)), monkeypatch=monkeypatch)
    assert report.outcomes[0].status == "restated"
    assert report.outcomes[0].sentence.startswith(f"adj_close of A on {str(WHOLE.time[50])[:10]} was ")
    assert len(stored() or ()) == 90
    report = fetched(Fetched("A", replace(WHOLE, adj_close=WHOLE.adj_close * 0.99)), monkeypatch=monkeypatch)
    assert report.outcomes[0].status == "stored"
    assert len(stored() or ()) == 100


@pytest.mark.parametrize("first", [60, 40, 39])
def test_bars_with_a_gap_to_those_stored_are_not_joined(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one stored may have been unfinished: it alone proves nothing."""
    save(WHOLE.slice(0, 40))
    report = fetched(Fetched("A", WHOLE.slice(first, 100)), monkeypatch=monkeypatch)
    assert report.outcomes[0].status == "restated"
    assert "do not overlap those stored" in report.outcomes[0].sentence
    assert len(stored() or ()) == 40


def test_last_bar_that_was_unfinished_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    early = WHOLE.slice(0, 90)
    close = early.close.copy()
    close[-1] *= 1.01
    save(replace(early, close=close))
    fetched(Fetched("A", WHOLE.slice(80, 100)), monkeypatch=monkeypatch)
    kept = stored()
    assert kept is not None
    assert kept.close.tobytes() == WHOLE.close.tobytes()


def test_damaged_file_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(WHOLE)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert fetched(Fetched("A", WHOLE), monkeypatch=monkeypatch).outcomes[0].status == "stored"
    assert len(stored() or ()) == 100


def test_only_the_range_that_was_asked_for_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    report = fetched(Fetched("A", WHOLE), monkeypatch=monkeypatch, start="2020-01-10", end="2020-01-19")
    assert (report.outcomes[0].rows, len(stored() or ())) == (10, 10)
    report = fetched(Fetched("A", WHOLE), monkeypatch=monkeypatch, start="2031-01-10")
    assert report.outcomes[0].status == "no data in range"
    assert "from 2020-01-01 to 2020-04-09" in report.outcomes[0].sentence


def test_a_fetch_can_be_cancelled_and_keeps_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(self: Files, request: FetchRequest, progress: Progress) -> FetchedBars:
        yield Fetched("A", WHOLE)
        progress(0.5, "Waiting for the provider.")
        yield Fetched("B", named(WHOLE, "B"))

    def cancel(fraction: float, message: str, partial: object = None) -> None:
        raise Cancelled(message)

    monkeypatch.setattr(Files, "fetch", fetch)
    with pytest.raises(Cancelled):
        download.fetch(request("A", "B"), cancel)
    assert (stored("A") is None, stored("B") is None) == (False, True)


def test_answers_to_nothing_that_was_asked_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for answers in ([Fetched("B", named(WHOLE, "B"))], [Fetched("A", WHOLE), Fetched("A", WHOLE)]):
        monkeypatch.setattr(Files, "fetch", lambda self, request, progress, answers=answers: iter(answers))
        report = download.fetch(request("A", "C"))
        assert report.outcomes[-1].status == "not reached"
        assert "which was not requested" in report.outcomes[-1].sentence
    assert stored("B") is None


def test_sources_that_cannot_say_so() -> None:
    with pytest.raises(
        DataError, match=r"Nothing can be fetched from 'sample'\. Available: ccxt, sql, fred, files, yahoo\."
    ):
        download.fetch(FetchRequest(source="sample", symbols=("A",)))
    with pytest.raises(DataError, match=r"Nothing can be fetched from 'stored'"):
        download.search("stored", "A")
    with pytest.raises(DataError, match=r"There is no source 'yahooo'\. Did you mean 'yahoo'\?"):
        download.fetch(FetchRequest(source="yahooo", symbols=("A",)))
    able = replace(Files.capabilities, intervals=("1d",), can_search=False)  # type: ignore[type-var]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "capabilities", able)
        with pytest.raises(DataError, match=r"The source 'files' has no bars of 1h\. Available: 1d\."):
            download.fetch(request("A", interval="1h"))
        with pytest.raises(DataError, match="cannot be searched"):
            download.search("files", "A")


def test_request_is_a_spec_with_symbols_that_are_symbols() -> None:
    assert request(" A ", "BTC/USDT").symbols == ("A", "BTC/USDT")
    assert request().target == "files"
    assert request(collection="mine").target == "mine"
    with pytest.raises(SpecError, match="a blank inside"):
        request("A B")
    with pytest.raises(SpecError, match="before it starts"):
        request(start="2020-01-02", end="2020-01-01")
    assert next(iter(Files().fetch(request(), silent))).status == "unknown symbol"
