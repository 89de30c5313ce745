"""The request for a graph of a registered model."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate, parameter


class ExportGraph(Action):
    """A registered model as a graph of ONNX, with its certificate."""

    kind: Literal["export_graph"] = "export_graph"
    model: str = parameter(title="Model", help="A name, or a version such as momentum@2.")
    int8: bool = parameter(False, title="Eight bits", help="A second graph, with weights of eight bits.")

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        return f"ONNX of {self.model[:50]}"

    def estimate(self) -> Estimate:
        return Estimate(seconds=3.0, megabytes=300)
