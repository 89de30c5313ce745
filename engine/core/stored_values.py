"""Readers of stored values, such as signals of one's own, or series of bars: what is read is part of their identity."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from engine.core.spec import RunSpec, Spec


class ReadsValues(Spec):
    """Contract of a plug-in that reads stored values itself, by their name."""

    @abstractmethod
    def values_digest(self) -> str:
        """Digest of the values: it becomes part of the run key and of the identity of a trial. Raises ``DataError``
        where there are none.
        """


def values_read(spec: Spec) -> tuple[ReadsValues, ...]:
    """The parts of ``spec``, itself included, that read stored values, in the order of ``walk``."""
    return tuple(item for item in spec.walk() if isinstance(item, ReadsValues))


def values_digests(spec: Spec) -> tuple[str, ...]:
    """The digests of all values that ``spec`` and what is in it read. Raises ``DataError``."""
    return tuple(item.values_digest() for item in values_read(spec))


class ReadsSeries(RunSpec):
    """Contract of a request that reads series of bars itself."""

    @abstractmethod
    def series_digests(self) -> Mapping[str, str]:
        """The digest of each series, by its name, which are recorded with a run. Raises ``DataError``."""
