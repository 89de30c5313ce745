"""The contract of an indicator, kept by every one that is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.spec import Spec, canonical_json
from engine.core.stored_values import ReadsValues
from engine.features.checks.run import verdict
from engine.features.evaluation import FeatureInputs
from engine.features.leakage import look_ahead, synthetic_gaps
from engine.features.matrix import detect_look_ahead
from engine.indicators import INDICATORS, ContextIndicator, Indicator, PanelIndicator
from engine.indicators.talib_family import TalibFunction
from engine.market import catalog
from engine.market.bars import Bars, Floats, Market
from engine.market.spec import MarketSpec
from tests.support.feature_inputs import feature_inputs, point_in_time
from tests.support.market import cut, random_walk

LENGTH = 1500


@pytest.fixture(params=INDICATORS.available().values(), ids=lambda cls: cls.__name__)
def indicator(request: pytest.FixtureRequest) -> Indicator:
    spec: Indicator = request.param()
    if isinstance(spec, ReadsValues):
        request.getfixturevalue("workspace")  # with the values that it reads
    return spec


@pytest.fixture(scope="module")
def bars() -> Bars:
    """A random walk whose volume varies, as real volume does."""
    walk = random_walk(LENGTH)
    return replace(walk, volume=np.random.default_rng(5).integers(500, 5_000, LENGTH).astype(np.float64))


def names(indicator: Indicator) -> tuple[str, ...]:
    return tuple(output.name for output in indicator.outputs)


def with_gap(bars: Bars, first: int, last: int) -> Bars:
    """Prices and volume missing from ``first`` to ``last``."""
    columns = {}
    for name in ("open", "high", "low", "close", "volume", "adj_close"):
        values = getattr(bars, name).copy()
        values[first : last + 1] = np.nan
        columns[name] = values
    return replace(bars, **columns)


def test_each_output_has_a_float_for_every_bar(indicator: Indicator, bars: Bars) -> None:
    computed = point_in_time(indicator)(bars)
    assert tuple(computed) == names(indicator)
    for name, values in computed.items():
        assert values.dtype == np.float64
        assert values.shape == (LENGTH,)
        if not isinstance(indicator, ContextIndicator | PanelIndicator):
            np.testing.assert_array_equal(indicator.line(bars, name), values)


def test_values_begin_right_behind_the_warm_up(indicator: Indicator, bars: Bars) -> None:
    assert max(indicator.warm_ups()) == indicator.warm_up()
    for values, warm_up in zip(point_in_time(indicator)(bars).values(), indicator.warm_ups(), strict=True):
        assert warm_up < LENGTH / 2
        assert np.isnan(values[:warm_up]).all()
        assert np.isfinite(values[warm_up:]).all()


def test_no_value_uses_a_later_bar(indicator: Indicator, bars: Bars) -> None:
    assert look_ahead(point_in_time(indicator), bars) == ()
    assert look_ahead(point_in_time(indicator), with_gap(bars, 700, 704)) == ()
    assert look_ahead(point_in_time(indicator), synthetic_gaps()) == ()


def test_no_value_uses_a_later_bar_of_real_data(indicator: Indicator) -> None:
    for real in catalog.load(MarketSpec(symbols=("NVDA", "META"))).bars:
        assert look_ahead(point_in_time(indicator), real) == ()


def test_the_check_of_features_finds_it_clean(indicator: Indicator, bars: Bars) -> None:
    """On changed futures and from later starts too; the streaming form proves it for functions of TA-Lib."""
    if indicator.needs_other_series():
        assert detect_look_ahead(indicator, [bars], feature_inputs(indicator, bars)) == ()
        return
    found = verdict(indicator, FeatureInputs(Market((bars,)), {}))
    assert found.verdict == ("as stated" if isinstance(indicator, ReadsValues) else "clean"), found.sentence()
    assert found.certified == isinstance(indicator, TalibFunction)


def test_where_the_series_began_matters_as_little_as_its_family_says(indicator: Indicator, bars: Bars) -> None:
    whole = point_in_time(indicator)(bars)
    for start in (10, 100, 333):
        columns = ("time", "open", "high", "low", "close", "volume", "adj_close")
        later = point_in_time(indicator)(replace(bars, **{name: getattr(bars, name)[start:] for name in columns}))
        assert tuple(later) == tuple(whole) == names(indicator)
        for (name, values), warm_up in zip(later.items(), indicator.warm_ups(), strict=True):
            forgotten(indicator, values[warm_up:], whole[name][start:][warm_up:])


def forgotten(indicator: Indicator, later: Floats, whole: Floats) -> None:
    """Asserts what ``Indicator.family`` promises of the same bars in two series of which one began later."""
    assert later.shape == whole.shape
    assert len(later) > LENGTH / 4
    span = np.ptp(whole)
    match indicator.family:
        case "finite":
            np.testing.assert_allclose(later, whole, rtol=1e-9, atol=1e-9 * span)
        case "recursive":
            assert np.median(np.abs(later - whole)) <= 1e-4 * span
            assert np.max(np.abs(later - whole)) <= 1e-2 * span
        case "cumulative":
            differences = np.allclose(np.diff(later), np.diff(whole), rtol=1e-9, atol=1e-9 * span)
            assert differences or np.allclose(later[1:] / later[:-1], whole[1:] / whole[:-1], rtol=1e-9)
        case "event":
            np.testing.assert_array_equal(later, whole)
            assert (whole == np.rint(whole)).all()
            assert (whole == 0).mean() > 0.5
        case other:
            pytest.fail(f"There is no family '{other}'.")


def test_a_gap_stays_a_gap_and_is_left_behind(indicator: Indicator, bars: Bars) -> None:
    whole, gapped = point_in_time(indicator)(bars), point_in_time(indicator)(with_gap(bars, 700, 704))
    for name, values in gapped.items():
        assert indicator.warm_up() < LENGTH - 705
        np.testing.assert_array_equal(values[:700], whole[name][:700])
        assert np.isnan(values[700:705]).all()
        assert np.isfinite(values[705 + indicator.warm_up() :]).all()


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_short_series_has_no_values_and_no_error(indicator: Indicator, bars: Bars, length: int) -> None:
    for values in point_in_time(indicator)(cut(bars, min(length, indicator.warm_up()))).values():
        assert np.isnan(values).all()


def test_the_same_bars_give_the_same_bits_and_are_left_alone(indicator: Indicator, bars: Bars) -> None:
    digest = bars.digest()
    first, second = point_in_time(indicator)(bars), point_in_time(indicator)(bars)
    assert bars.digest() == digest
    for name in names(indicator):
        assert first[name].tobytes() == second[name].tobytes()


def test_columns_and_panes_can_be_drawn(indicator: Indicator) -> None:
    assert len(indicator.columns()) == len(set(indicator.columns())) == len(indicator.outputs) > 0
    assert all(column.startswith(indicator.label()) for column in indicator.columns())
    assert indicator.pane in ("price", "own")
    assert indicator.pane == "own" or not indicator.levels
    assert len(set(names(indicator))) == len(names(indicator))
    assert sum(output.style == "band" for output in indicator.outputs) in (0, 2)


def test_it_survives_json(indicator: Indicator) -> None:
    again: Spec = INDICATORS.parse(indicator.model_dump(mode="json"))
    assert again == indicator
    assert canonical_json(again) == canonical_json(indicator)
