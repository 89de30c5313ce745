"""The list that an operand of a rule is chosen from: prices, numbers, and every output of every indicator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from engine.core.registry import PluginInfo, Registry, is_built_in
from engine.indicators import GROUPS, INDICATORS, ContextIndicator, Indicator, PanelIndicator
from engine.indicators.talib_family import output_names
from engine.strategies.indicator_line import IndicatorLine
from engine.strategies.operands.feature import Feature
from engine.strategies.rules import OPERANDS, Operand

BARS = "Prices and numbers"
_FEATURE = Feature.model_fields["kind"].default
_SEPARATOR = ":"
_WORDS = {
    "upperband": "upper", "middleband": "middle", "lowerband": "lower", "aroonup": "up", "aroondown": "down",
    "plus": "+DI", "minus": "−DI", "minidx": "bars since minimum", "maxidx": "bars since maximum",
    "bullpower": "bull power", "bearpower": "bear power", "haopen": "open", "hahigh": "high", "halow": "low",
    "haclose": "close", "leadsine": "lead sine", "inphase": "in-phase", "k": "%K", "d": "%D", "j": "%J",
    "slowk": "slow %K", "slowd": "slow %D", "fastk": "fast %K", "fastd": "fast %D", "min": "minimum",
    "max": "maximum", "macd": "line", "macdsignal": "signal", "macdhist": "histogram", "mama": "MAMA",
    "fama": "FAMA", "smi": "SMI", "smisignal": "signal", "supertrend": "line", "plusvi": "+VI", "minusvi": "−VI",
    "swinghigh": "swing high", "swinglow": "swing low",
}  # fmt: skip
"""Names of outputs as the trade writes them, where they differ."""


class OperandList(Registry[Operand]):
    """The operands as people choose them. An entry is the name of an operand or, for what ``Feature`` offers,
    ``feature:<indicator>`` and, where that has several, ``:<output>``.

    An operand that is one indicator with one output represents that indicator. Those of several outputs are left to
    the indicators, which have all of them by name; requests that use them remain valid.
    """

    def infos(self) -> tuple[PluginInfo, ...]:
        return _entries(OPERANDS.infos(), INDICATORS.infos())

    def title(self, entry: str) -> str:
        known = {info.name: info.title for info in (*OPERANDS.infos(), *self.infos())}
        return known.get(entry, entry)

    def values_of(self, entry: str) -> Mapping[str, Any]:
        kind, _, rest = entry.partition(_SEPARATOR)
        if kind != _FEATURE or not rest:
            return {"kind": entry}
        indicator, _, output = rest.partition(_SEPARATOR)
        return {"kind": kind, "indicator": {"kind": indicator}, "output": output or None}

    def entry_of(self, values: Mapping[str, Any]) -> str:
        kind, indicator = str(values.get("kind", "")), values.get("indicator")
        if kind != _FEATURE or not isinstance(indicator, Mapping) or not indicator.get("kind"):
            return kind
        name = str(indicator["kind"])
        outputs = INDICATORS.get(name).outputs
        chosen = values.get("output") or outputs[0].name
        return _SEPARATOR.join([kind, name, *([str(chosen)] if len(outputs) > 1 else [])])


OPERAND_LIST = OperandList("operands", Operand, OPERANDS.package, (BARS, *GROUPS))


@lru_cache(maxsize=2)
def _entries(operands: tuple[PluginInfo, ...], indicators: tuple[PluginInfo, ...]) -> tuple[PluginInfo, ...]:
    """In alphabetical order of their titles; the outputs of an indicator stay together, in its own order."""
    sources = {info.name: _source(info.name) for info in operands if info.name != _FEATURE}
    own = [_operand(info, sources[info.name]) for info in operands if info.name in sources and _is_listed(info.name)]
    covered = {source.kind for info in own if (source := sources[info.name])}
    library = [entry for info in indicators if info.name not in covered for entry in _outputs(info)]
    return tuple(sorted([*own, *library], key=lambda info: info.title.partition(": ")[0]))


def _is_listed(name: str) -> bool:
    """Whether the operand is more than one of several outputs of an indicator."""
    source = _source(name)
    return source is None or (len(source.outputs) == 1 and "output" not in OPERANDS.get(name).model_fields)


def _source(name: str) -> Indicator | None:
    """The indicator that an operand represents."""
    cls = OPERANDS.get(name)
    made = cls.parse({"kind": name}) if is_built_in(cls) else None
    return made.source() if isinstance(made, IndicatorLine) else None


def _operand(info: PluginInfo, source: Indicator | None) -> PluginInfo:
    if source is None:
        group = BARS if is_built_in(OPERANDS.get(info.name)) else info.group
        return PluginInfo(info.name, info.title, info.summary, group, info.synonyms)
    of = next(item for item in INDICATORS.infos() if item.name == source.kind)
    return PluginInfo(info.name, of.title, info.summary, of.group, (*of.synonyms, info.title))


def _outputs(info: PluginInfo) -> Iterator[PluginInfo]:
    """An entry for each output of an indicator that needs no other series."""
    outputs = output_names(info.name)  # two hundred classes take a tenth of a second to make
    if outputs is None:
        cls = INDICATORS.get(info.name)
        if issubclass(cls, ContextIndicator | PanelIndicator):
            return
        outputs = tuple(output.name for output in cls.outputs)
    place = f"{_FEATURE}{_SEPARATOR}{info.name}"
    if len(outputs) == 1:
        yield PluginInfo(place, info.title, info.summary, info.group, info.synonyms)
        return
    for output in outputs:
        title = f"{info.title}: {_WORDS.get(output, output)}"
        name = f"{place}{_SEPARATOR}{output}"
        yield PluginInfo(name, title, info.summary, info.group, (*info.synonyms, f"{info.title} {output}"))
