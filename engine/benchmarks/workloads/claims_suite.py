"""The suite of work that ratios are published of."""

from __future__ import annotations

from typing import Literal

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.host_copy import HostCopy
from engine.benchmarks.workloads.llama_decoding import LlamaDecoding
from engine.benchmarks.workloads.network_step import NetworkStep
from engine.benchmarks.workloads.zero_copy import ZeroCopy
from engine.core.registry import plugin


@plugin("claims_suite", title="Claims", group="Suites", synonyms=("published", "mlx", "mps", "unified memory"))
class ClaimsSuite(Suite):
    """Work of the shape that ratios of MLX to torch and of copies are published of, to set this machine's beside them.

    A block of the width of a small language model stands for a whole one, as its weights are read once a token too.
    """

    kind: Literal["claims_suite"] = "claims_suite"

    def label(self) -> str:
        return "Suite: claims"

    def workloads(self) -> tuple[Workload, ...]:
        """In the order of ``engine.benchmarks.claims``."""
        training = NetworkStep(network="transformer", window=50, units=128)
        return training, LlamaDecoding(heads=16), HostCopy(), ZeroCopy()
