"""The request for a check of a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from engine.core.errors import EngineError
from engine.core.spec import Estimate, RunSpec, parameter
from engine.labels import LABELS, Label
from engine.labels.forward_return import ForwardReturn
from engine.market import catalog
from engine.market.spec import MarketSpec

_HISTORIES = 25
_ROW = 4e-7  # seconds a bar of one history, as the triple barrier takes them at its default horizon


class LabelCheckSpec(RunSpec):
    """Whether a label uses bars after its end, on every symbol: purging goes by that end."""

    kind: Literal["label_check"] = "label_check"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    target: Annotated[Label, LABELS] = parameter(ForwardReturn(), title="Label", section="Label")

    def shown_with(self) -> None:
        """The form of the models page shows it where it names this label."""

    def label(self) -> str:
        return f"Check of the label {self.target.label()}: {self.market.label()}"

    def estimate(self) -> Estimate:
        try:
            rows = catalog.expected_rows(self.market)
        except EngineError:
            rows = 0.0  # the run says what is wrong with the request
        return Estimate(seconds=0.02 + _HISTORIES * _ROW * rows, megabytes=10 + 2e-4 * rows)

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market}
