"""Transformer encoder with causal attention (Vaswani et al. 2017)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.neural.kind import Neural
from engine.models.neural.networks.transformer import Transformer
from engine.models.neural.shape import window


@plugin("transformer", title="Transformer", group="Neural networks", synonyms=("attention", "encoder", "sequence"))
class TransformerEncoder(Neural):
    """Blocks of self-attention over a window, in which each bar attends to itself and the bars before."""

    kind: Literal["transformer"] = "transformer"
    width: int = parameter(32, title="Width", help="Numbers that represent each bar.", ge=2, le=1024, section="Model")
    heads: int = parameter(4, title="Heads", help="Into which the width is divided.", ge=1, le=64, section="Model")
    blocks: int = parameter(2, title="Blocks", ge=1, le=24, section="Model")
    feed_forward: int = parameter(
        64, title="Feed-forward units", help="Of the dense layers in each block.", ge=1, le=4096, section="Model"
    )
    window: int = window(20)

    @model_validator(mode="after")
    def _divides(self) -> TransformerEncoder:
        if self.width % self.heads:
            raise ValueError(f"A width of {self.width} cannot be divided among {self.heads} heads: change either.")
        return self

    def label(self) -> str:
        return f"Transformer {self.blocks} x {self.width} on {self.window} bars"

    def lookback(self) -> int:
        return self.window

    def network(self, features: int, outputs: int) -> Transformer:
        return Transformer(features, outputs, self.width, self.heads, self.blocks, self.feed_forward, self.dropout)

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs, of torch on a CPU. Fitted to the processor time of one core for 1,500 rows with 8 features,
        windows of 20 and 40 bars, widths of 32 and 64: within a factor of two.
        """
        products = self.width * (4 * self.width + 2 * self.feed_forward + 2 * self.window)
        bars = (
            rows * self.window * self.blocks * (products * 1.1e-10 + (10 * self.width + 3 * self.feed_forward) * 1e-8)
        )
        return 0.6 * self.epochs * (bars + -(-rows // self.batch_size) * self.blocks * 2e-3)
