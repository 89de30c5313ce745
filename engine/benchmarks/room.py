"""Memory of a benchmark, before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from engine.benchmarks.spec import BenchmarkSpec, megabytes_of
from engine.benchmarks.variants import Variant
from engine.benchmarks.workloads import NOUN, Workload
from engine.core.errors import DeviceError, SpecError
from engine.core.memory import available_memory
from engine.core.plugin_errors import plugin_errors
from engine.core.sizes import size_text

SHARE = 0.8  # of the memory that is free: the libraries themselves need some


def require_room(spec: BenchmarkSpec) -> None:
    """Raise as ``require_memory`` for the first work of ``spec``, at the smallest size, that does not fit."""
    for sizes in spec.series():
        for workload in sizes:
            require_memory(workload, spec.chosen(workload))


def require_memory(workload: Workload, variants: Sequence[Variant]) -> None:
    """Raise ``DeviceError``, with the size that fits, where ``workload`` needs more memory than is free."""
    free = available_memory() / 1e6 * SHARE
    with plugin_errors(workload, NOUN):
        needed = megabytes_of(workload, variants)
    if needed <= free:
        return
    raise DeviceError(
        f"{workload.label()} needs about {size_text(needed * 1e6)} in {len(variants)} "
        f"variant{'s' * (len(variants) != 1)} and {size_text(free * 1e6)} may be used: "
        f"{_advice(workload, variants, free)}."
    )


def _advice(workload: Workload, variants: Sequence[Variant], free: float) -> str:
    if fits := _largest_that_fits(workload, variants, free):
        return f"{workload.axis_title()} {fits:,} would fit"
    return "choose fewer variants" if len(variants) > 1 else "close other programs, or choose other work"


def _largest_that_fits(workload: Workload, variants: Sequence[Variant], free: float) -> int:
    """The largest size of the workload's axis, in steps of its form, that ``free`` megabytes can hold; 0 for none."""
    step = max(int((type(workload).model_fields[workload.axis].json_schema_extra or {}).get("step", 1)), 1)  # type: ignore[union-attr, arg-type]
    low, high = 0, workload.axis_value() // step
    while low < high:
        middle = (low + high + 1) // 2
        try:
            fits = megabytes_of(workload.at(middle * step), variants) <= free
        except SpecError:  # below the smallest, or with what its other fields forbid
            fits = True
        low, high = (middle, high) if fits else (low, middle - 1)
    try:
        return workload.at(low * step).axis_value()
    except SpecError:
        return 0
