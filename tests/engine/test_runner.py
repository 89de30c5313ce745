"""run(spec): the key that covers everything, one computation for all who ask, and a record of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import wraps
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import engine
from engine import runner
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.database import connect
from engine.errors import Cancelled, DataError, SpecError, UnknownPlugin
from engine.features.matrix import FeatureSpec
from engine.market.bars import MarketSpec
from engine.market.sources.stored import save
from engine.models.training import ModelSpec
from engine.progress import section, silent
from engine.research import ledger
from engine.spec import canonical_json
from engine.store import encode
from tests.support.market import cut, random_walk
from tests.support.workspace import Workspace, forget

pytestmark = pytest.mark.usefixtures("workspace")

ROOT = Path(__file__).parents[2]
COSTS = {"commission": 5, "slippage": 3}
MADE_UP = {"collection": "made-up", "symbols": ["TEST"]}
BACKTEST = {
    "kind": "backtest",
    "market": MADE_UP,
    "strategy": {"kind": "sma_cross", "fast": 3, "slow": 8},
    "costs": COSTS,
}


@pytest.fixture
def bars(workspace: Workspace) -> None:
    save(random_walk(300))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[BacktestSpec]:
    """The backtests that were computed, not read."""
    found: list[BacktestSpec] = []
    compute = BacktestSpec.compute

    @wraps(compute)
    def counted(self: BacktestSpec, *arguments: Any) -> BacktestResult:
        found.append(self)
        return compute(self, *arguments)

    monkeypatch.setattr(BacktestSpec, "compute", counted)
    return found


def spec(**changes: Any) -> BacktestSpec:
    return BacktestSpec.parse(BACKTEST | changes)


# -- the key --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bars")
def test_key_is_a_sha256_and_the_same_each_time() -> None:
    key = engine.run_key(spec())
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")
    assert engine.run_key(spec()) == key


@pytest.mark.usefixtures("bars")
def test_order_of_fields_and_spelt_out_defaults_do_not_change_the_key() -> None:
    key = engine.run_key(spec())
    assert engine.run_key(BacktestSpec.parse(dict(reversed(BACKTEST.items())))) == key
    assert engine.run_key(spec(capital=100_000, fill="next_open")) == key
    assert engine.run_key(runner.load_spec(json.loads(canonical_json(spec())))) == key


@pytest.mark.usefixtures("bars")
def test_every_field_changes_the_key() -> None:
    keys = {
        engine.run_key(spec(**change))
        for change in (
            {},
            {"capital": 1},
            {"fill": "next_close"},
            {"costs": COSTS | {"slippage": 4}},
            {"strategy": {"kind": "sma_cross", "fast": 4, "slow": 8}},
            {"strategy": {"kind": "buy_and_hold"}},
            {"market": MADE_UP | {"adjustment": "none"}},
            {"market": MADE_UP | {"start": "2020-02-01"}},
        )
    }
    assert len(keys) == 8


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "adj_close"])
def test_one_changed_bar_is_another_key(column: str) -> None:
    bars = random_walk(300)
    save(bars)
    before = engine.run_key(spec())
    values = getattr(bars, column).copy()
    values[150] = np.nextafter(values[150], np.inf)
    save(replace(bars, **{column: values}))
    assert engine.run_key(spec()) != before
    save(bars)
    assert engine.run_key(spec()) == before


def test_one_more_bar_is_another_key_unless_the_range_ends_before() -> None:
    longer = random_walk(301)
    save(cut(longer, 300))
    open_end, closed = spec(), spec(market=MADE_UP | {"end": "2020-06-01"})
    before = engine.run_key(open_end), engine.run_key(closed)
    save(longer)
    assert engine.run_key(open_end) != before[0]
    assert engine.run_key(closed) == before[1]


def test_bars_of_the_model_are_in_the_key_of_the_backtest_that_follows_it() -> None:
    save(random_walk(600))
    save(random_walk(600, symbol="OTHER"))
    model = {"kind": "model", "market": MADE_UP | {"symbols": ["TEST", "OTHER"]}}
    following = spec(strategy={"kind": "follow_model", "model": model})
    before = engine.run_key(following)
    save(random_walk(600, seed=1, symbol="OTHER"))
    assert engine.run_key(following) != before


STRATEGY = '''
    """A strategy of a user's own."""

    from typing import Literal

    import numpy as np

    from engine.registry import plugin
    from engine.strategies import Signals, Strategy


    @plugin("weekly", title="Weekly")
    class Weekly(Strategy):
        """In on every seventh bar."""

        kind: Literal["weekly"] = "weekly"

        def signals(self, bars, inputs):
            at = np.arange(len(bars))
            return Signals(at % 7 == 1, at % 7 == 4)
'''


@pytest.mark.usefixtures("bars")
def test_one_changed_line_of_a_strategy_is_another_key_and_another_result(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    values = BACKTEST | {"strategy": {"kind": "weekly"}}
    before = runner.load_spec(values)
    key, result = engine.run_key(before), engine.run(before)
    workspace.write_plugin("strategies", "weekly", STRATEGY.replace("at % 7 == 4", "at % 7 == 3"))
    after = runner.load_spec(values)
    assert canonical_json(after) == canonical_json(before)
    assert engine.run_key(after) != key
    assert engine.run(after).metrics != result.metrics
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    assert engine.run_key(runner.load_spec(values)) == key


@pytest.mark.usefixtures("bars")
def test_old_code_is_not_stored_under_the_key_of_new_code(workspace: Workspace) -> None:
    """A spec that was parsed before the file changed computes with the old code, and under the old key."""
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    values = BACKTEST | {"strategy": {"kind": "weekly"}}
    old = runner.load_spec(values)
    workspace.write_plugin("strategies", "weekly", STRATEGY.replace("at % 7 == 4", "at % 7 == 3"))
    new = runner.load_spec(values)
    assert engine.run_key(old) != engine.run_key(new)
    assert encode(engine.run(old)) != encode(engine.run(new))


@pytest.mark.usefixtures("bars")
def test_other_plugins_do_not_change_the_key(workspace: Workspace) -> None:
    before = engine.run_key(spec())
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    assert engine.run_key(spec()) == before


def test_one_changed_line_of_the_engine_is_another_key(tmp_path: Path) -> None:
    """Wherever it lies: in the simulation, in the indicator behind the strategy, in the strategy compared with."""
    copy = tmp_path / "engine"
    shutil.copytree(ROOT / "engine", copy, ignore=shutil.ignore_patterns("__pycache__"))
    script = dedent("""
        import sys
        from pathlib import Path
        import engine
        from engine import runner
        spec = runner.load_spec({"kind": "backtest", "strategy": {"kind": "sma_cross"},
                                 "costs": {"commission": 5, "slippage": 3}})
        assert Path(engine.__file__).is_relative_to(sys.argv[1]), engine.__file__
        for name in sys.stdin.read().split():
            print(engine.run_key(spec), runner.trial_key(spec))
            path = Path(engine.__file__).parent / name
            path.write_bytes(path.read_bytes() + b"# a remark")
            runner.engine_digest.cache_clear()
        print(engine.run_key(spec), runner.trial_key(spec))
    """)
    changed = ("backtest/simulate.py", "features/indicators/trend.py", "strategies/kinds/buy_and_hold.py")
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{script}", str(tmp_path)],
        input=" ".join(changed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    keys, trials = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert len(set(keys)) == len(changed) + 1
    assert len(set(trials)) == 1


def test_key_of_bars_that_do_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match="There is no collection 'made-up'"):
        engine.run_key(spec())


# -- once -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bars")
def test_same_request_computes_once(computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    again = engine.run(BacktestSpec.parse(dict(reversed(BACKTEST.items()))))
    assert len(computed) == 1
    assert encode(again) == encode(first)
    assert engine.run(spec(capital=7)).equity[0] == 7
    assert len(computed) == 2


@pytest.mark.usefixtures("bars")
def test_same_request_after_a_restart_is_read(computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    forget()
    assert encode(engine.run(spec())) == encode(first)
    assert len(computed) == 1


@pytest.mark.usefixtures("bars")
def test_changed_bar_computes_again_and_restored_bar_does_not(computed: list[BacktestSpec]) -> None:
    engine.run(spec())
    save(random_walk(300, seed=1))
    engine.run(spec())
    save(random_walk(300))
    engine.run(spec())
    assert len(computed) == 2


@pytest.mark.usefixtures("bars")
def test_damaged_result_is_computed_again(workspace: Workspace, computed: list[BacktestSpec]) -> None:
    first = engine.run(spec())
    (file,) = (workspace.cache / "results").glob("*/*.zip")
    file.write_bytes(file.read_bytes()[:100])
    assert encode(engine.run(spec())) == encode(first)
    assert len(computed) == 2


@pytest.mark.usefixtures("bars")
def test_lookup_reads_and_never_computes(computed: list[BacktestSpec]) -> None:
    assert runner.lookup(spec()) is None
    assert not runner.is_stored(spec())
    result = engine.run(spec())
    assert runner.is_stored(spec())
    assert encode(runner.lookup(spec())) == encode(result)
    assert len(computed) == 1


@pytest.mark.usefixtures("bars")
def test_quick_specs_are_not_stored(workspace: Workspace) -> None:
    market = MarketSpec.parse(MADE_UP)
    assert len(engine.run(market).bars[0]) == 300
    assert engine.run(FeatureSpec(market=market)).symbols == ("TEST",)
    assert runner.is_stored(market)
    assert runner.lookup(market) is None
    assert not (workspace.cache / "results").exists()
    assert runner.recent_runs("market") == []


@pytest.mark.usefixtures("bars")
def test_failure_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> BacktestResult:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as broken:
        broken.setattr(BacktestSpec, "compute", fails)
        with pytest.raises(RuntimeError):
            engine.run(spec())
    assert not runner.is_stored(spec())
    assert runner.recent_runs("backtest") == []
    assert ledger.count() == 0
    assert engine.run(spec()).metrics["trades"]


# -- progress -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bars")
def test_progress_goes_forward_from_zero_to_one() -> None:
    seen: list[tuple[float, str]] = []
    values = {"kind": "follow_model", "model": {"kind": "model", "market": MADE_UP, "null_fits": 2}}
    engine.run(spec(strategy=values), lambda fraction, message, partial=None: seen.append((fraction, message)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.2
    assert fractions[-1] == pytest.approx(1)
    assert all(message for _, message in seen)


@pytest.mark.usefixtures("bars")
def test_cancelled_run_stores_nothing() -> None:
    def stop(*_: Any) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        engine.run(spec(), stop)
    assert not runner.is_stored(spec())
    assert ledger.count() == 0


def test_section_maps_and_bounds() -> None:
    seen: list[float] = []
    part = section(lambda fraction, message, partial=None: seen.append(fraction), 0.2, 0.6)
    for fraction in (-1, 0, 0.5, 1, 7):
        part(fraction, "on")
    assert seen == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])
    silent(0.5, "unheard")


# -- the record -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bars")
def test_each_run_is_recorded_once_and_found_by_its_key() -> None:
    for _ in range(3):
        engine.run(spec())
    key = engine.run_key(spec())
    assert runner.recent_runs("backtest") == [(key, spec())]
    assert runner.find_run(key) == spec()
    assert runner.find_run("0" * 64) is None
    with connect() as connection:
        (row,) = connection.execute("SELECT kind, label, seconds FROM runs").fetchall()
    assert (row["kind"], row["label"]) == ("backtest", "SMA 3/8, TEST")
    assert row["seconds"] > 0


@pytest.mark.usefixtures("bars")
def test_recent_runs_are_newest_first_and_limited() -> None:
    for capital in (1, 2, 3):
        engine.run(spec(capital=capital))
    found = [run.capital for _, run in runner.recent_runs("backtest")]  # type: ignore[attr-defined]
    assert found == [3, 2, 1]
    assert len(runner.recent_runs("backtest", limit=2)) == 2


@pytest.mark.usefixtures("bars")
def test_runs_of_plugins_that_are_gone_are_left_out(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "weekly", STRATEGY)
    gone = spec(strategy={"kind": "weekly"})
    engine.run(gone)
    engine.run(spec())
    key = engine.run_key(gone)
    path.unlink()
    assert [run for _, run in runner.recent_runs("backtest")] == [spec()]
    assert runner.find_run(key) is None


@pytest.mark.usefixtures("bars")
def test_each_trial_lands_in_the_ledger_once() -> None:
    for fast in (2, 3, 4, 3, 2):
        engine.run(spec(strategy={"kind": "sma_cross", "fast": fast, "slow": 8}))
    trials = ledger.trials("sma_cross")
    assert len(trials) == ledger.count() == 3
    assert {trial.observations for trial in trials} == {299}
    assert len({trial.sharpe for trial in trials}) == 3


@pytest.mark.usefixtures("bars")
def test_trial_that_was_stored_before_the_ledger_was_lost_is_entered_again(workspace: Workspace) -> None:
    engine.run(spec())
    for path in workspace.cache.glob("stratoscope.sqlite*"):
        path.unlink()
    engine.run(spec())
    assert ledger.count() == 1


@pytest.mark.usefixtures("bars")
def test_new_version_of_the_engine_repeats_the_same_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(spec())
    key = engine.run_key(spec())
    monkeypatch.setattr(runner, "__version__", "99")
    engine.run(spec())
    assert engine.run_key(spec()) != key
    assert ledger.count() == 1


# -- reading specs --------------------------------------------------------------------------------------------------


def test_kinds_are_told_apart() -> None:
    assert {"market", "features", "model", "backtest", "benchmark"} <= set(runner.run_kinds())
    assert isinstance(runner.load_spec({"kind": "market"}), MarketSpec)
    assert isinstance(runner.load_spec("kind: model"), ModelSpec)
    assert isinstance(runner.load_spec(b'{"kind": "features"}'), FeatureSpec)


def test_dates_may_be_written_with_or_without_quotes() -> None:
    for text in ("2020-01-02", "'2020-01-02'"):
        assert runner.load_spec(f"kind: market\nstart: {text}") == MarketSpec.parse({"start": "2020-01-02"})


def test_forged_names_are_cut_in_sentences() -> None:
    for values in ({"kind": "x" * 10**6}, BACKTEST | {"strategy": {"kind": "x" * 10**6}}):
        with pytest.raises(SpecError) as caught:
            runner.load_spec(values)
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "A spec is a mapping with a field 'kind'."),
        ("- a", "A spec is a mapping with a field 'kind'."),
        ("42", "A spec is a mapping with a field 'kind'."),
        ("{}", "'None' cannot be run. There is: market,"),
        ("kind: [market]", "cannot be run. Did you mean 'market'?"),
        ("kind: bactest", "'bactest' cannot be run. Did you mean 'backtest'?"),
        ("kind: sma_cross", "'sma_cross' cannot be run."),
        ("kind: market\nstart: 2020-02-30", "This is not valid YAML: day is out of range for month."),
        ("a: [", "This is not valid YAML: "),
        ("a: 'b", "This is not valid YAML: "),
        ("\x00", "This is not valid YAML: "),
        (b"\xff\xfe\xfa", "This is not valid YAML: "),
        ("[" * 1000, "This is not valid YAML: "),
        ("a: !!python/object/apply:os.mkdir [exploded]", "This is not valid YAML: "),
    ],
)
def test_what_is_no_spec_is_refused_in_one_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        runner.load_spec(source)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_plugin_is_refused_with_its_path() -> None:
    with pytest.raises(SpecError) as caught:
        runner.load_spec(BACKTEST | {"strategy": {"kind": "sma_crossing"}})
    ((path, sentence),) = caught.value.problems
    assert path == "strategy.kind"
    assert "Did you mean 'sma_cross'?" in sentence
    assert issubclass(UnknownPlugin, SpecError)


def test_broken_plugin_is_told_where_it_is_asked_for(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "broken", "1 / 0")
    assert runner.load_spec(BACKTEST).label()
    with pytest.raises(SpecError) as caught:
        runner.load_spec(BACKTEST | {"strategy": {"kind": "broken"}})
    assert f"The plug-in {path} failed to load in line 1: ZeroDivisionError" in str(caught.value)


def test_engine_offers_run_key_and_load_spec_lazily() -> None:
    script = (
        "import sys, engine; print('engine.runner' in sys.modules); engine.run; print('engine.runner' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        engine.nothing  # noqa: B018
