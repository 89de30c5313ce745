"""Autoregressive decoding by a block of Llama's shape: what a language model does for each word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from engine.benchmarks.kernel_workload import Arrays
from engine.benchmarks.operations import Operations
from engine.benchmarks.primitive import Primitive
from engine.benchmarks.workloads import SEED, TOKENS, Unit
from engine.core.registry import plugin
from engine.core.spec import parameter

WIDTH, EPSILON, BASE = 32, 1e-5, 10_000.0  # of a head; of RMSNorm; of rotary embeddings


@plugin(
    "llama_decoding", title="Llama decoding", group="Research", synonyms=("tokens", "language model", "llm", "cache")
)
class LlamaDecoding(Primitive):
    """Vectors decoded one after the other by a block with random weights, each from the one before.

    RMSNorm (Zhang and Sennrich 2019), rotary embeddings (Su et al. 2021), grouped-query attention, SwiGLU (Shazeer
    2020). With a cache the keys and values of earlier tokens are kept; without one each token computes them anew.
    """

    unit: ClassVar[Unit] = TOKENS
    pace: ClassVar[float] = 50
    axis: ClassVar[str] = "tokens"
    default_sizes: ClassVar[tuple[int, ...]] = (8, 32)

    kind: Literal["llama_decoding"] = "llama_decoding"
    tokens: int = parameter(32, title="Tokens", ge=2, le=4_096, step=16)
    heads: int = parameter(8, title="Heads", help="Of 32 numbers each; one of four has keys.", ge=4, le=128, step=4)
    cache: Literal["kept", "none"] = parameter(
        "kept", title="Key-value cache", choices={"kept": "With", "none": "Without"}
    )

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.heads % 4:
            raise ValueError("Heads must be a multiple of four, which share their keys.")
        return self

    def label(self) -> str:
        kept = "with" if self.cache == "kept" else "without"
        return f"Decoding {self.tokens} tokens, width {self.width}, {kept} cache, {self.precision}"

    @property
    def width(self) -> int:
        return WIDTH * self.heads

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the first token, of the projections to queries, keys, values and back, and of the gate, up and down."""
        width, narrow, wide = self.width, self.width // 4, 4 * self.width
        return (
            (1, width),
            (width, width),
            (width, narrow),
            (width, narrow),
            (width, width),
            *((width, wide),) * 2,
            (wide, width),
        )

    def inputs(self) -> Arrays:
        """Weights that keep the size of what goes through them, and angles of each place."""
        numbers = np.random.default_rng(SEED)
        given = [numbers.standard_normal(shape) / shape[0] ** 0.5 for shape in self.shapes()]
        angle = np.arange(self.tokens)[:, None] / BASE ** (np.arange(0, WIDTH, 2) / WIDTH)
        return tuple(part.astype(self.precision) for part in (*given, np.cos(angle), np.sin(angle)))

    def counts(self) -> tuple[int, int, int]:
        weights = 15 * self.width**2
        return weights + self.tokens * WIDTH, self.tokens * self.width, self.tokens * self.width * 16

    def work(self, operations: Operations, arrays: tuple[Any, ...]) -> Any:
        block = _Block(operations, arrays, self.heads)
        x, said = arrays[0], list[Any]()
        for place in range(self.tokens):
            if self.cache == "none":
                block.forget()
                for earlier, token in enumerate((arrays[0], *said[:-1]) if place else ()):
                    block.step(token, earlier)
            x = block.step(x, place)
            said.append(x)
        return operations.join(said, 0)

    def amount(self) -> float:
        return float(self.tokens)

    def bound(self) -> float:
        """Each token is computed from the last: errors are carried on, and damped by the norms."""
        return 2e-4 if self.precision == "float32" else 1e-11


class _Block:
    """The block with the keys and values that it has kept."""

    def __init__(self, operations: Operations, arrays: Sequence[Any], heads: int) -> None:
        self._operations, self._heads = operations, heads
        _, *self._weights, self._cosine, self._sine = arrays
        self.forget()

    def forget(self) -> None:
        self._keys: list[Any] = []
        self._values: list[Any] = []

    def step(self, x: Any, place: int) -> Any:
        """What follows the token ``x`` (1, width)."""
        query, key, value, out, gate, up, down = self._weights
        on, groups = self._operations, self._heads // 4
        inner = _normed(x)
        self._keys.append(self._turned(on.product(inner, key), groups, place))
        self._values.append(on.product(inner, value).reshape(1, groups, 1, WIDTH))
        attended = on.attention(
            self._turned(on.product(inner, query), self._heads, place), on.join(self._keys, 2), on.join(self._values, 2)
        )
        x = x + on.product(attended.reshape(1, self._heads * WIDTH), out)
        inner = _normed(x)
        return _normed(x + on.product(on.silu(on.product(inner, gate)) * on.product(inner, up), down))

    def _turned(self, x: Any, heads: int, place: int) -> Any:
        """(1, heads, 1, WIDTH), each pair of numbers turned by the angle of its place."""
        cosine, sine = self._cosine[place], self._sine[place]
        x = x.reshape(1, heads, 1, WIDTH)
        left, right = x[..., : WIDTH // 2], x[..., WIDTH // 2 :]
        return self._operations.join([left * cosine - right * sine, left * sine + right * cosine], 3)


def _normed(x: Any) -> Any:
    """Divided by the root of the mean square."""
    return x / ((x * x).mean(-1, keepdims=True) + EPSILON) ** 0.5
