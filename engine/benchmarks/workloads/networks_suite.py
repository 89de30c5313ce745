"""The suite of networks: every kind, training and inference, in torch and MLX."""

from __future__ import annotations

from typing import Literal, get_args

from engine.benchmarks.workloads import Suite, Workload
from engine.benchmarks.workloads.llama_decoding import LlamaDecoding
from engine.benchmarks.workloads.network_step import Kind, NetworkStep
from engine.core.registry import plugin


@plugin("networks_suite", title="Networks", group="Suites", synonyms=("torch", "mlx", "training", "tokens"))
class NetworksSuite(Suite):
    """Training and inference of every kind of network, and decoding with and without a cache, in torch and MLX."""

    kind: Literal["networks_suite"] = "networks_suite"

    def label(self) -> str:
        return "Suite: networks"

    def workloads(self) -> tuple[Workload, ...]:
        steps = [NetworkStep(network=name, work=work) for name in get_args(Kind) for work in ("training", "inference")]
        return *steps, LlamaDecoding(), LlamaDecoding(cache="none")
