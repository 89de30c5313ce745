"""The benchmark form: every press of the button measures anew, every permalink finds what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ctx, dcc
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.fields import Values
from dashboard.components.form import Form
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS, Workload
from engine.core.errors import SpecError
from engine.core.spec import RunSpec
from engine.jobs import runner

PAGE, TAKE = "hardware", "take"


class BenchmarkForm(Form):
    """A form for ``BenchmarkSpec``.

    The take is not the user's to choose. A hidden control holds that of the run on the page, so that what is copied
    is what is shown; the run button asks for the next one.
    """

    def panel(self, values: Values) -> list[Component]:
        take = dcc.Input(id=ids.field(PAGE, TAKE), type="hidden", value=values[TAKE])
        return [*super().panel(values), take]

    def collect(self, found: Sequence[Mapping[str, str]], given: Sequence[Any]) -> dict[str, Any]:
        takes = [value for id_, value in zip(found, given, strict=True) if id_["path"] == TAKE]
        return {**super().collect(found, given), TAKE: takes[0] if takes else 1}

    def parse(self, values: Values) -> RunSpec:
        spec = super().parse(values)
        return fresh(spec) if _is_pressed() and isinstance(spec, BenchmarkSpec) else spec


def variants_of(kind: str) -> list[dict[str, str]]:
    """The variants of a workload that this machine should have, as options; none of a suite. Raises ``SpecError`` for
    a workload that does not exist.
    """
    found = WORKLOADS.get(kind)()
    if not isinstance(found, Workload):
        return []
    return [{"value": item.name, "label": item.title} for item in found.variants() if not item.unavailable()]


def _offered(values: Values) -> list[tuple[str, str]]:
    kind = str((values.get("workload") or {}).get("kind", ""))
    return [(item["value"], item["label"]) for item in variants_of(kind)]


FORM = BenchmarkForm(
    page=PAGE,
    spec=BenchmarkSpec,
    action="Run benchmarks",
    options={"variants": _offered},
    hidden=(TAKE,),
    searched=WORKLOADS,
)


def benchmark_in(text: str) -> BenchmarkSpec:
    """The spec in what the browser sent. Raises ``SpecError`` for any other spec than a benchmark's."""
    spec = runner.load_spec(text)
    if not isinstance(spec, BenchmarkSpec):
        raise SpecError([("kind", "This page shows benchmarks only.")])
    return spec


def fresh(spec: BenchmarkSpec) -> BenchmarkSpec:
    """``spec`` with the next take that has not been measured yet, from the one on the page or from the first on."""
    if not runner.is_stored(spec):
        spec = spec.model_copy(update={TAKE: 1})
    while runner.is_stored(spec):
        spec = spec.model_copy(update={TAKE: spec.take + 1})
    return spec


def _is_pressed() -> bool:
    """Whether the callback that asks was set off by the run button."""
    return bool(ctx) and ctx.triggered_id == ids.part("run-button", PAGE)
