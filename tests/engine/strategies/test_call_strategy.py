"""A strategy that fails or answers nonsense is named in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError, EngineError, SpecError, StrategyError
from engine.market.bars import Bars
from engine.market.panel import Panel, align
from engine.strategies import Allocation, Signals, Strategy, call_strategy
from engine.strategies.kinds.donchian import DonchianBreakout
from tests.support.market import make_bars
from tests.support.workspace import Workspace

BARS = make_bars([1.0, 2.0, 3.0])
YES = np.ones(3, dtype=bool)


class Given(Strategy):
    """Answers what the test says."""

    kind: str = "given"

    def signals(self, bars: Bars, inputs: Any) -> Signals:
        return inputs["answer"]()  # type: ignore[no-any-return]


class Weighed(Allocation):
    kind: str = "weighed"

    def weights(self, panel: Panel, inputs: Any) -> Any:
        return inputs["answer"]()


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def test_answers_pass_as_they_are() -> None:
    signals = Signals(YES, ~YES, short_exits=YES)
    assert call_strategy.signals(Given(), BARS, {"answer": lambda: signals}) is signals
    weights = np.full((3, 1), np.nan)
    assert call_strategy.weights(Weighed(), align([BARS]), {"answer": lambda: weights}) is weights


@pytest.mark.parametrize("error", [KeyError("window"), ZeroDivisionError("division by zero"), SystemExit(3)])
@pytest.mark.parametrize("name", ["given", "weighed"])
def test_failure_names_strategy_error_and_line(error: BaseException, name: str) -> None:
    inputs = {"answer": raising(error)}
    asked: dict[str, Callable[[], Any]] = {
        "given": lambda: call_strategy.signals(Given(), BARS, inputs),
        "weighed": lambda: call_strategy.weights(Weighed(), align([BARS]), inputs),
    }
    with pytest.raises(StrategyError) as caught:
        asked[name]()
    assert str(caught.value).startswith(f"The strategy '{name}' failed in line ")
    assert f"of test_call_strategy.py: {type(error).__name__}: {error}." in str(caught.value)
    assert caught.value.__cause__ is error


def test_sentences_of_the_engine_pass_as_they_are() -> None:
    with pytest.raises(DataError, match="closing prices only"):
        call_strategy.signals(DonchianBreakout(), make_bars([1.0], has_ohlc=False), {})
    for interrupt in (KeyboardInterrupt(), MemoryError()):
        kind = StrategyError if isinstance(interrupt, Exception) else type(interrupt)
        with pytest.raises(kind):
            call_strategy.signals(Given(), BARS, {"answer": raising(interrupt)})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned NoneType: signals"),
        ((YES, YES), "returned tuple: signals"),
        (Signals(YES[:2], YES), r"returned bool of shape \(2,\) as entries for 3 bars"),
        (Signals(YES, YES.astype(float)), r"returned float64 of shape \(3,\) as exits"),
        (Signals(YES, [True] * 3), "returned a list as exits"),  # type: ignore[arg-type]
        (Signals(YES, YES, short_entries=YES[:1]), r"returned bool of shape \(1,\) as short_entries"),
    ],
)
def test_signals_that_nothing_can_follow(answer: Any, words: str) -> None:
    with pytest.raises(StrategyError, match=f"The strategy 'given' {words}"):
        call_strategy.signals(Given(), BARS, {"answer": lambda: answer})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned a NoneType as weights for 3 bars of 1 symbols"),
        (np.zeros(3), r"returned float64 of shape \(3,\)"),
        (np.zeros((3, 1), dtype=int), "returned int64"),
        (np.full((3, 1), np.inf), "returned an infinite weight"),
    ],
)
def test_weights_that_nothing_can_follow(answer: Any, words: str) -> None:
    with pytest.raises(StrategyError, match=f"The strategy 'weighed' {words}"):
        call_strategy.weights(Weighed(), align([BARS]), {"answer": lambda: answer})


BROKEN = '''
from typing import Any, Literal

from engine.market.bars import Bars
from engine.core.registry import plugin
from engine.strategies import Signals, Strategy


@plugin("broken", title="Broken")
class Broken(Strategy):
    """Fails."""

    kind: Literal["broken"] = "broken"

    def signals(self, bars: Bars, inputs: Any) -> Signals:
        return Signals(bars.close > bars.closing, bars.close < 0)
'''


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("label(self):\n        return 1 / 0", "failed in line 16 of broken.py: ZeroDivisionError: division by zero."),
        ("label(self):\n        return None", r"returned None: label\(\) must return text."),
        ("warm_up(self):\n        raise KeyError('x')", "failed in line 16 of broken.py: KeyError: 'x'."),
        ("warm_up(self):\n        return 7.5", r"returned 7.5: warm_up\(\) must return a whole number of bars."),
        ("warm_up(self):\n        return -1", r"returned -1: warm_up\(\) must not be below 0."),
        ("inputs(self, market):\n        return 3", r"returned 3: inputs\(\) must return a mapping"),
    ],
)
def test_what_a_users_file_says_of_itself_is_checked_with_the_request(
    workspace: Workspace, method: str, words: str
) -> None:
    source = BROKEN.replace("    def signals", f"    def {method}\n\n    def signals")
    workspace.write_plugin("strategies", "broken", source)
    with pytest.raises(SpecError, match=f"The strategy 'broken' {words}") as caught:
        BacktestSpec.parse({"strategy": {"kind": "broken"}, "costs": {"commission": 5, "slippage": 3}})
    assert caught.value.problems[0][0] == "strategy"


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("sells_short(self):\n        return self.nothing", "failed in line 16 of broken.py: AttributeError"),
        ("sells_short(self):\n        return 'yes'", r"returned 'yes': sells_short\(\) must return True or False."),
        ("symbols(self):\n        return self.nothing", "failed in line 16 of broken.py: AttributeError"),
        ("symbols(self):\n        return 2", r"returned 2: symbols\(\) must return the fewest and the most symbols"),
        ("symbols(self):\n        return 2, 2.5", r"returned \(2, 2.5\): symbols\(\) must return"),
    ],
)
def test_what_an_allocation_says_of_itself_is_checked_with_the_request(
    workspace: Workspace, method: str, words: str
) -> None:
    source = BROKEN.replace("    def signals", f"    def {method}\n\n    def signals")
    source = source.replace("(Strategy)", "(Allocation)").replace("Signals, Strategy", "Allocation, Signals")
    source += "\n    def weights(self, panel, inputs):\n        return None\n"
    workspace.write_plugin("strategies", "broken", source)
    with pytest.raises(SpecError, match=f"The strategy 'broken' {words}") as caught:
        BacktestSpec.parse({"strategy": {"kind": "broken"}, "costs": {"commission": 5, "slippage": 3}})
    assert caught.value.problems[0][0] == "strategy"


def test_whole_numbers_of_numpy_are_whole_numbers(workspace: Workspace) -> None:
    method = "warm_up(self):\n        import numpy as np\n\n        return np.int64(5)"
    workspace.write_plugin(
        "strategies", "broken", BROKEN.replace("    def signals", f"    def {method}\n\n    def signals")
    )
    request = BacktestSpec.parse({"strategy": {"kind": "broken"}, "costs": {"commission": 5, "slippage": 3}})
    assert request.strategy.warm_up() == 5


def test_line_of_a_users_file_is_named(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "broken", BROKEN)
    request = BacktestSpec.parse({"strategy": {"kind": "broken"}, "costs": {"commission": 5, "slippage": 3}})
    with pytest.raises(EngineError) as caught:
        engine.run(request)
    said = "AttributeError: 'Bars' object has no attribute 'closing'"
    assert str(caught.value) == f"The strategy 'broken' failed in line 16 of broken.py: {said}."
