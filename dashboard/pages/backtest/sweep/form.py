"""The form of the sweep: axes over the backtest in the page's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from dashboard.axes_form.form import DEFAULT_AXES, AxesForm
from dashboard.axes_form.suggestions import suggestion
from dashboard.components.form import Form
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.text.format import count
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.axes import sweepable
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.sweeps.stress import is_stress
from engine.core.axes import AxisOption
from engine.core.spec import RunSpec, Spec


class SweepForm(AxesForm):
    """``stress`` says whether axes over costs are offered, along which nothing is chosen."""

    stress: ClassVar[bool] = True
    around: ClassVar[Form] = BACKTEST
    own: ClassVar[str] = "strategy."
    section: ClassVar[str] = "Strategy"

    def varied(self, base: Spec) -> tuple[AxisOption, ...]:
        """Costs for a ``stress`` alone."""
        if not isinstance(base, BacktestSpec):
            return ()
        return tuple(item for item in sweepable(base) if self.stress or not is_stress(item.path))

    def first_axes(self, offered: Sequence[AxisOption], base: object = None) -> list[dict[str, Any]]:
        """The strategy's first numbers, those before that are not 0, as a lag is or a threshold that is off; where it
        has none what trading costs, or a stop where that is not offered.
        """
        numbers = [item for item in offered if not item.choices and item.low < item.high]
        own = sorted((item for item in numbers if item.path.startswith("strategy.")), key=lambda item: not item.value)
        others = [item for path in ("costs.slippage", "stops.stop_loss") for item in numbers if item.path == path]
        return [suggestion(item) for item in own[:DEFAULT_AXES] or others[:1]]

    def extent(self, spec: RunSpec) -> str:
        """The number of backtests."""
        if not isinstance(spec, SweepSpec):
            return ""
        grid, symbols = spec.grid_size(), len(spec.base.market.symbols)
        number = count(grid, "combination") if spec.sample == "grid" else count(spec.count, "combination")
        return f"{number} on {symbols} symbols" if symbols > 1 else number
