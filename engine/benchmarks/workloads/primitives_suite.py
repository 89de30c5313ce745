"""The suite of single operations on every device."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.attention import Attention
from engine.benchmarks.workloads.batched_product import BatchedProduct
from engine.benchmarks.workloads.convolution import Convolution
from engine.benchmarks.workloads.cumulative_sum import CumulativeSum
from engine.benchmarks.workloads.gather_scatter import GatherScatter
from engine.benchmarks.workloads.host_copy import HostCopy
from engine.benchmarks.workloads.launch_latency import LaunchLatency
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.benchmarks.workloads.reduction import Reduction
from engine.benchmarks.workloads.softmax import Softmax
from engine.benchmarks.workloads.sort import Sort
from engine.benchmarks.workloads.zero_copy import ZeroCopy
from engine.core.registry import plugin


@plugin("primitives_suite", title="Primitives", group="Suites", synonyms=("operations", "roofline", "gpu"))
class PrimitivesSuite(Suite):
    """Single operations of every library on every device: products, attention, sorting, sums, copies, launches."""

    kind: Literal["primitives_suite"] = "primitives_suite"

    def label(self) -> str:
        return "Suite: primitives"

    def workloads(self) -> tuple[Workload, ...]:
        return (
            MatrixProduct(),
            BatchedProduct(),
            Convolution(),
            Attention(),
            Attention(shared=4),
            Attention(half="float16"),
            Attention(half="bfloat16"),
            Softmax(),
            Sort(),
            Reduction(),
            CumulativeSum(),
            GatherScatter(),
            HostCopy(),
            ZeroCopy(),
            LaunchLatency(),
        )
