"""The benchmark form: every press of the button measures anew."""

from __future__ import annotations

from dashboard.components.fields import Values
from dashboard.components.form import Form
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS, Workload

PAGE = "hardware"


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


FORM = Form(
    page=PAGE,
    spec=BenchmarkSpec,
    action="Run benchmarks",
    options={"variants": _offered},
    searched=WORKLOADS,
)
