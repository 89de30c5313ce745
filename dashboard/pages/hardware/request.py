"""The benchmark form: every press of the button measures anew."""

from __future__ import annotations

from dashboard.components.fields import Values
from dashboard.components.form import Form
from engine.benchmarks.room import require_room
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import WORKLOADS, Workload
from engine.core.config import settings
from engine.core.errors import DeviceError
from engine.core.spec import Action, RunSpec

PAGE = "hardware"


def variants_of(kind: str) -> list[dict[str, str]]:
    """The variants of a workload that this machine should have, as options; none of a suite. Raises ``SpecError`` for
    a workload that does not exist.
    """
    found = WORKLOADS.get(kind)()
    if not isinstance(found, Workload):
        return []
    return [{"value": item.name, "label": item.title} for item in found.variants() if not item.unavailable()]


def any_variants(kind: str) -> str:
    """Which variants of the workload ``kind`` are measured where none is chosen."""
    titles = [item["label"] for item in variants_of(kind)]
    return f"all: {', '.join(titles)}" if titles else "those of each workload"


def any_sizes(kind: str) -> str:
    """Which sizes of it are measured where none is typed."""
    return "the size above" if issubclass(WORKLOADS.get(kind), Workload) else "those of each workload"


def _kind(values: Values) -> str:
    return str((values.get("workload") or {}).get("kind", ""))


def _offered(values: Values) -> list[tuple[str, str]]:
    return [(item["value"], item["label"]) for item in variants_of(_kind(values))]


class BenchmarkForm(Form):
    """A form that does not begin what this machine's memory cannot hold."""

    def require_feasible(self, spec: RunSpec | Action) -> None:
        if isinstance(spec, BenchmarkSpec) and settings().compute.scheduler is None:
            require_room(spec)

    def extent(self, spec: RunSpec | Action) -> str:
        try:
            self.require_feasible(spec)
        except DeviceError:
            return "more than the free memory holds"
        return ""


FORM = BenchmarkForm(
    page=PAGE,
    spec=BenchmarkSpec,
    action="Run benchmarks",
    options={"variants": _offered},
    searched=WORKLOADS,
    blanks={
        "sizes": lambda values: any_sizes(_kind(values)),
        "variants": lambda values: any_variants(_kind(values)),
    },
)
