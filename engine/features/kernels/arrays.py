"""The kernels in terms of what array libraries have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from engine.features.kernels import Kernels
from engine.features.kernels.doubling import Moments, window_extremes, window_moments, window_sums

FORGOTTEN = 1e-12
"""A share of an exponential mean below which older values no longer count."""
SORTED = 1 << 24
"""Values that are sorted at a time."""


class ArrayKernels(Kernels):
    """Kernels for a library of arrays, fit for float32, from the steps that a subclass names."""

    # -- what a library provides, on arrays (series, bars)

    @abstractmethod
    def _stream(self) -> AbstractContextManager[Any]:
        """Within it the library computes on the device."""

    @abstractmethod
    def _finite(self, x: Any) -> Any:
        """Where ``x`` is neither NaN nor infinite."""

    @abstractmethod
    def _where(self, condition: Any, a: Any, b: Any) -> Any: ...

    @abstractmethod
    def _filled(self, like: Any, bars: int, value: float) -> Any:
        """As many series as ``like`` has, of ``bars`` values each that are ``value``."""

    @abstractmethod
    def _counted(self, like: Any) -> Any:
        """0, 1, 2... in the type of ``like``, a value a bar."""

    @abstractmethod
    def _joined(self, parts: Sequence[Any]) -> Any:
        """``parts`` one after the other in time."""

    @abstractmethod
    def _gathered(self, parts: Iterator[list[Any]], like: Any, columns: int) -> Any:
        """(series, columns, bars) in the type of ``like``, from ``columns`` arrays for each block of series."""

    @abstractmethod
    def _larger(self, a: Any, b: Any) -> Any: ...

    @abstractmethod
    def _smaller(self, a: Any, b: Any) -> Any: ...

    @abstractmethod
    def _root(self, x: Any) -> Any: ...

    @abstractmethod
    def _so_far(self, x: Any) -> Any:
        """The largest value up to each bar."""

    @abstractmethod
    def _sorted_windows(self, x: Any, window: int) -> Any:
        """(series, bars - window + 1, window), ascending."""

    # -- kernels

    def rolling_sum(self, x: Any, windows: Sequence[int]) -> Any:
        return self._windowed(lambda part: window_sums(part, windows), windows, x)

    def rolling_mean(self, x: Any, windows: Sequence[int]) -> Any:
        def means(part: Any) -> dict[int, Any]:
            return {window: total / window for window, total in window_sums(part, windows).items()}

        return self._windowed(means, windows, x)

    def rolling_std(self, x: Any, windows: Sequence[int], freedom: int = 1) -> Any:
        def deviations(part: Any) -> dict[int, Any]:
            found = window_moments((part,), [window for window in windows if window > freedom] or [1])
            return {
                window: self._root(moments.products[0, 0] / (window - freedom))
                for window, moments in found.items()
                if window > freedom
            }

        return self._windowed(deviations, windows, x)

    def rolling_min(self, x: Any, windows: Sequence[int]) -> Any:
        return self._windowed(lambda part: window_extremes(part, windows, self._smaller), windows, x)

    def rolling_max(self, x: Any, windows: Sequence[int]) -> Any:
        return self._windowed(lambda part: window_extremes(part, windows, self._larger), windows, x)

    def rolling_rank(self, x: Any, windows: Sequence[int]) -> Any:
        return self._windowed(lambda part: self._ranks(part, windows), windows, x)

    def rolling_quantile(self, x: Any, windows: Sequence[int], share: float = 0.5) -> Any:
        def quantiles(part: Any) -> dict[int, Any]:
            return {window: self._quantiles(part, window, share) for window in windows if window <= part.shape[1]}

        return self._windowed(quantiles, windows, x)

    def rolling_correlation(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        return self._paired(lambda found: self._correlation(found), x, y, windows)

    def regression_slope(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        return self._paired(lambda found: self._slope(found), x, y, windows)

    def regression_residual(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        return self._paired(lambda found: self._slope(found) * found.means[0] - found.means[1], x, y, windows)

    def regression_r_squared(self, x: Any, y: Any, windows: Sequence[int]) -> Any:
        return self._paired(lambda found: self._correlation(found) ** 2, x, y, windows)

    def exponential_mean(self, x: Any, windows: Sequence[int]) -> Any:
        def parts() -> Iterator[list[Any]]:
            for part, since in self._blocks(x):
                yield [self._exponential(part, since, window) for window in windows]

        with self._stream():
            return self._gathered(parts(), x, len(windows))

    def lag(self, x: Any, bars: Sequence[int]) -> Any:
        def parts() -> Iterator[list[Any]]:
            for rows in self._row_blocks(*x.shape):
                yield [self._shifted(x[rows], count, float("nan")) for count in bars]

        with self._stream():
            return self._gathered(parts(), x, len(bars))

    def cumulative_sum(self, x: Any) -> Any:
        return self._cumulative(lambda now, before: now + before, x)

    def cumulative_product(self, x: Any) -> Any:
        return self._cumulative(lambda now, before: now * before, x)

    def cumulative_min(self, x: Any) -> Any:
        return self._cumulative(self._smaller, x)

    def cumulative_max(self, x: Any) -> Any:
        return self._cumulative(self._larger, x)

    # -- steps

    def _windowed(self, compute: Callable[..., dict[int, Any]], windows: Sequence[int], *series: Any) -> Any:
        """``compute`` of each block of ``series``, with NaN in the warm-up and wherever a window lacks a value."""
        like = series[0]

        def parts() -> Iterator[list[Any]]:
            for rows in self._row_blocks(*like.shape):
                own = [self._where(self._finite(x[rows]), x[rows], float("nan")) for x in series]
                found, bars = compute(*own), int(like.shape[1])
                warm_ups = [self._filled(own[0], min(window - 1, bars), float("nan")) for window in windows]
                yield [
                    self._joined([warm_up, found[window]])
                    if window in found
                    else self._filled(own[0], bars, float("nan"))
                    for window, warm_up in zip(windows, warm_ups, strict=True)
                ]

        with self._stream():
            return self._gathered(parts(), like, len(windows))

    def _paired(self, figure: Callable[[Moments], Any], x: Any, y: Any, windows: Sequence[int]) -> Any:
        def statistics(a: Any, b: Any) -> dict[int, Any]:
            known = a + b  # both, or neither
            a, b = self._where(self._finite(known), a, known), self._where(self._finite(known), b, known)
            return {window: figure(found) for window, found in window_moments((a, b), windows).items()}

        return self._windowed(statistics, windows, x, y)

    def _slope(self, found: Moments) -> Any:
        xx = found.products[0, 0]
        return found.products[0, 1] / self._where(xx > 0, xx, float("nan"))

    def _correlation(self, found: Moments) -> Any:
        xx, xy, yy = found.products[0, 0], found.products[0, 1], found.products[1, 1]
        scale = self._root(xx) * self._root(yy)
        ratio = xy / self._where(scale > 0, scale, float("nan"))
        return self._where(ratio > 1, 1.0, self._where(ratio < -1, -1.0, ratio))

    def _ranks(self, x: Any, windows: Sequence[int]) -> dict[int, Any]:
        """Those below the last value and half of those that equal it, counted from the newest to the oldest."""
        found, bars = {}, int(x.shape[1])
        places = x - x  # NaN where a value is missing
        for window in range(2, min(max(windows), bars) + 1):
            older, now = x[:, : bars - window + 1], x[:, window - 1 :]
            known = older - older
            place = self._where(older < now, 1.0, self._where(older == now, 0.5, known))
            places = places[:, 1:] + place
            if window in windows:
                found[window] = places / (window - 1)
        return found

    def _quantiles(self, x: Any, window: int, share: float) -> Any:
        """Type 7 of Hyndman and Fan (1996), as NumPy's. Windows are sorted a few at a time."""
        at = share * (window - 1)
        low = int(at)
        high, part = min(low + 1, window - 1), at - low
        rows, bars = x.shape
        step, parts = max(1, SORTED // (rows * window)), []
        for start in range(0, bars - window + 1, step):
            ordered = self._sorted_windows(x[:, start : start + step + window - 1], window)
            parts.append(ordered[:, :, low] + part * (ordered[:, :, high] - ordered[:, :, low]))
        found, known = self._joined(parts), window_sums(x - x, (window,))[window]
        return found + known

    def _exponential(self, x: Any, since: Any, window: int) -> Any:
        """From the mean of the first ``window`` values of each run on, as TA-Lib has it."""
        share = 2.0 / (window + 1)
        after = since - (window - 1)  # bars since that mean
        zero = self._filled(x, int(x.shape[1]), 0.0)
        known = self._where(since >= 0, x, zero)
        means = [total / window for total in window_sums(known, (window,)).values()]
        first = self._joined([self._filled(x, min(window - 1, int(x.shape[1])), 0.0), *means])
        values = self._where(after > 0, known * share, self._where(after == 0, first, zero))
        return self._scan(values, after, lambda now, before, width: now + before * (1.0 - share) ** width, 1.0 - share)

    def _cumulative(self, join: Callable[[Any, Any], Any], x: Any) -> Any:
        def parts() -> Iterator[list[Any]]:
            for part, since in self._blocks(x):
                yield [self._scan(part, since, lambda now, before, width: join(now, before))]

        with self._stream():
            return self._gathered(parts(), x, 1)[:, 0]

    def _blocks(self, x: Any) -> Iterator[tuple[Any, Any]]:
        """Blocks of series, with the bars of each since its last gap: -1 in it."""
        for rows in self._row_blocks(*x.shape):
            part, bars = x[rows], self._counted(x)
            gaps = self._where(self._finite(part), -1.0, bars)
            yield part, bars - self._so_far(gaps) - 1

    def _scan(self, values: Any, since: Any, join: Callable[[Any, Any, int], Any], fading: float = 1.0) -> Any:
        """``values`` joined with all before them back to where ``since`` is zero; NaN where it is negative. What has
        faded to nothing, by ``fading`` a bar, is left out (Hillis and Steele, Communications of the ACM 29, 1986).
        """
        width, bars = 1, int(values.shape[1])
        while width < bars and fading**width > FORGOTTEN:
            values = self._where(since >= width, join(values, self._shifted(values, width, 0.0), width), values)
            width *= 2
        return self._where(since >= 0, values, float("nan"))

    def _shifted(self, x: Any, count: int, value: float) -> Any:
        bars = int(x.shape[1])
        if count >= bars:
            return self._filled(x, bars, value)
        return self._joined([self._filled(x, count, value), x[:, : bars - count]]) if count else x
