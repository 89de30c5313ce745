"""Specs: the request as one frozen object that serves as form, validation, YAML, URL, cache key and label."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from engine.core.errors import SpecError
from engine.core.spec_problems import INNER, spec_error

PLUGIN_MODULES = "stratoscope_plugins"

Count = Annotated[int, Field(ge=0)]
"""A number of bars that a plug-in says of itself."""

CURRENCY = "currency"
"""Unit of amounts of the market's own money: a form names it, a sentence leaves it out."""


def parameter(
    default: Any = ...,
    *,
    title: str,
    help: str = "",
    unit: str = "",
    percent: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    step: float | None = None,
    choices: Mapping[Any, str] | None = None,
    suggested: Any = None,
    section: str = "",
    seldom: bool = False,
    stored: str = "",
    when: Mapping[str, Sequence[Any]] | None = None,
) -> Any:
    """A spec field with its form control.

    ``unit`` is shown inside the control; a ``percent`` is a fraction that is shown and entered in percent; ``choices``
    maps the values of a Literal to labels; ``suggested`` is the form's initial value of a required field (costs);
    ``section`` is the form's group; ``seldom`` fields come last in it; text names something ``stored`` of that sort.
    ``when`` lists the values of other fields of the same spec for which this one applies: see ``inactive_fields``.
    """
    form = {"unit": unit, "step": step, "choices": choices, "suggested": suggested, "section": section}
    form |= {"percent": percent or None, "seldom": seldom or None, "when": when, "stored": stored}
    stated = {key: value for key, value in form.items() if value not in (None, "")}
    return Field(default, title=title, description=help, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=stated)


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _SpecMeta(ModelMetaclass):
    """Makes ``SmaCross(fsat=3)`` say what ``SmaCross.parse({"fsat": 3})`` says, instead of pydantic's own words.

    Not an ``__init__``: pydantic calls that for the specs within a spec too, where the way to the field would be lost.
    """

    if not TYPE_CHECKING:  # the signature is that of the class

        def __call__(cls, *args, **values):  # noqa: N805
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                raise spec_error(cls, error) from None


class Spec(BaseModel, metaclass=_SpecMeta):
    """Base of every spec: frozen, hashable, unknown fields forbidden, no NaN or infinity. Built from wrong values it
    raises ``SpecError``.

    ``descriptions`` are the methods by which a plug-in describes itself, quickly and without arguments: a request that
    names one whose answers are not of the type that the contract states is refused.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label",)

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @classmethod
    def contract_problem(cls) -> str:
        """What else a plug-in's class lacks, as the end of a sentence that begins with its name; "" for nothing."""
        return ""

    @classmethod
    def parse(cls, values: object) -> Self:
        """The spec that ``values`` (a mapping of plain values) describes. Raises ``SpecError``."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise spec_error(cls, error) from None

    def label(self) -> str:
        """Short name for legends and lists; the same spec always has the same one."""
        values = [str(value) for name, value in self if name != "kind"]
        return f"{type(self).__name__} {', '.join(values)}".strip()

    def shown_with(self) -> Spec | None:
        """The request that this one is shown with: itself, or the one that it is about; None for what a page shows
        whatever it was asked.
        """
        return self

    def walk(self) -> Iterator[Spec]:
        """This spec and every spec inside it, depth first, with those that one of them ``implied``."""
        yield self
        for item in (*contained(self), *self.implied()):
            yield from item.walk()

    def implied(self) -> Iterable[Spec]:
        """Specs that none of the fields holds and that take part nevertheless, such as the indicators of a formula:
        their code, and the values that they read, are part of what this one is.
        """
        return ()


def contained(spec: Spec) -> Iterator[Spec]:
    """The specs in the fields of ``spec``, in their order; not those inside these."""
    for _, value in spec:
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Spec):
                yield item


class RunSpec(Spec):
    """A spec that ``engine.run`` computes: a request alone, which knows nothing of its executor (``jobs.executors``).

    What it costs decides where it runs (``runner.is_job``): by ``estimate`` it is a job with a stored result or
    computed at once, and ``resources`` are what the job needs of its worker. A search that ``continues`` can be asked
    to go farther under another request that is the same ``as_trial``: the ledger counts how far it has come.
    """

    told_to: ClassVar[str] = ""
    """The module whose ``record(key, spec, result, progress)`` is told of a new result, such as one that logs it on a
    server. Nothing follows from it, so that its code is no part of the run's."""

    kind: str = ""

    def inputs(self) -> Mapping[str, RunSpec]:
        """The runs whose results the executor needs, by name; the runner computes or reads them first."""
        return {}

    def ignored(self) -> tuple[str, ...]:
        """Paths of values without an effect, such as those of the base of a sweep on its axes."""
        return ()

    @property
    def continues(self) -> bool:
        """Whether it is such a search."""
        return False

    def as_trial(self) -> RunSpec:
        """The request as the ledger of trials counts it, without stress axes, which are not a choice."""
        return self

    def drawn_combinations(self, result: Any) -> NDArray[np.float64] | None:
        """Combinations (combinations, axes) of a search that its request does not determine, as far as stored."""
        return None

    def fingerprint(self) -> str:
        """Digest of the data that it reads itself, its inputs' apart: it becomes part of the run key. "" for none."""
        return ""

    def uses(self) -> tuple[type, ...]:
        """Plug-ins that its executor uses and the spec does not contain, such as the sources of its bars, and other
        classes whose code the result follows from.
        """
        return ()

    def estimate(self) -> Estimate:
        """What the run will cost, without reading any data."""
        return Estimate(seconds=0.1, megabytes=10)

    def resources(self) -> Resources:
        """What a worker must have for it, its inputs' apart; it may depend on the model or the device that it names."""
        return Resources()


class Action(Spec):
    """A request for ``jobs.actions.perform``, such as a download or a measurement: it has progress, a job and a report
    as a run has, but no content key, and is performed again each time.
    """

    kind: str = ""

    def estimate(self) -> Estimate:
        """What it will cost."""
        return Estimate(seconds=1.0, megabytes=50)

    def resources(self) -> Resources:
        """What a worker must have for it."""
        return Resources()


@dataclass(frozen=True)
class Resources:
    """What a job takes of its worker besides memory: ``gpus``, and ``threads`` that compute at the same time."""

    gpus: int = 0
    threads: int = 1

    def __or__(self, other: Resources) -> Resources:
        """What covers both, one after the other."""
        return Resources(max(self.gpus, other.gpus), max(self.threads, other.threads))


@dataclass(frozen=True)
class Estimate:
    """Cost of a run before it starts: wall seconds on one core and peak memory in megabytes; and, where there are
    several, the ``way`` in which it is computed, as a phrase.
    """

    seconds: float
    megabytes: float
    way: str = ""


def kind_name(cls: type[Spec]) -> str:
    """The value of ``kind`` that identifies requests of the class ``cls``; "" where it has none."""
    field = cls.model_fields.get("kind")
    default = field.default if field else None
    return default if isinstance(default, str) else ""


def conditions(field: FieldInfo) -> Mapping[str, Sequence[Any]]:
    """Values of other fields for which ``field`` applies; empty where it always does."""
    extra = field.json_schema_extra
    found: Any = extra.get("when") if isinstance(extra, dict) else None
    return found or {}


def inactive_fields(spec: Spec) -> tuple[str, ...]:
    """Names of the fields of ``spec`` that do not apply given its other values."""
    return tuple(
        name
        for name, field in type(spec).model_fields.items()
        if any(getattr(spec, other) not in values for other, values in conditions(field).items())
    )


def canonical_json(spec: Spec, *, without: Sequence[str] = (), brief: bool = False) -> str:
    """JSON of a spec with sorted keys and no blanks: equal specs give equal text.

    ``without`` are paths of values that are left out. ``brief`` leaves out all that are at their defaults, but for
    each ``kind``: a field with a default that a class is given later does not change that text.
    """
    plain = spec.model_dump(mode="json")
    if without or brief:
        plain = _part(spec, plain, [path.split(".") for path in without], brief)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def _part(value: Any, plain: Any, without: Sequence[Sequence[str]], brief: bool) -> Any:
    """``plain``, the plain values of ``value``, as far as ``canonical_json`` keeps them."""
    if isinstance(value, tuple):
        return [_part(item, plain[index], _subpaths(without, str(index)), brief) for index, item in enumerate(value)]
    if not isinstance(value, Spec):
        return plain
    parts = {}
    for name, item in value:
        paths = _subpaths(without, name)
        is_default = brief and name != "kind" and item == type(value).model_fields[name].get_default()
        if name in plain and [] not in paths and (paths or not is_default):
            parts[name] = _part(item, plain[name], paths, brief)
    return parts


def _subpaths(paths: Sequence[Sequence[str]], name: str) -> Sequence[Sequence[str]]:
    """The rest of those of ``paths`` that lead through ``name``."""
    return [path[1:] for path in paths if path[0] == name]


def to_yaml(spec: Spec) -> str:
    """YAML of a spec, fields in the order of their definition; ``runner.load_spec`` reads it back."""
    return yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def to_python(spec: Spec) -> str:
    """A Python script that builds the spec, runs it and prints its run key, or performs an action and prints the id of
    its report.

    Classes from a plug-in folder cannot be imported by name, so a spec that has one is given as YAML.
    """
    classes = sorted({(type(item).__module__, type(item).__name__) for item in _written(spec)})
    if any(module.startswith(PLUGIN_MODULES) for module, _ in classes):
        quoted = to_yaml(spec).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        load = "requests.load_action" if isinstance(spec, Action) else "engine.load_spec"
        return _script(spec, [], f'{load}("""\n{quoted}""")')
    imports = [f"from {module} import {name}" for module, name in classes]
    return _script(spec, imports, _source(spec, 0))


def _written(spec: Spec) -> Iterator[Spec]:
    """``spec`` and all that its source names."""
    yield spec
    for item in contained(spec):
        yield from _written(item)


def _script(spec: Spec, imports: Sequence[str], source: str) -> str:
    """The script that assigns ``source`` to ``spec`` and has it done."""
    if isinstance(spec, Action):
        head = ["from engine.jobs import actions, requests" if not imports else "from engine.jobs import actions"]
        last = "done = actions.perform(spec)\nprint(done.id)\n"
    else:
        head, last = ["import engine"], "result = engine.run(spec)\nprint(engine.run_key(spec))\n"
    return "\n".join([*head, *imports, f"\nspec = {source}\n", last])


def _source(value: object, depth: int) -> str:
    pad = "    " * (depth + 1)
    if isinstance(value, Spec):
        fields = [f"{pad}{name}={_source(item, depth + 1)}," for name, item in value if name != "kind"]
        return (
            "\n".join([f"{type(value).__name__}(", *fields, "    " * depth + ")"])
            if fields
            else (f"{type(value).__name__}()")
        )
    if isinstance(value, tuple) and any(isinstance(item, Spec) for item in value):
        items = [f"{pad}{_source(item, depth + 1)}," for item in value]
        return "\n".join(["(", *items, "    " * depth + ")"])
    if hasattr(value, "isoformat"):
        return repr(value.isoformat())
    return repr(value)


def as_validation_error(error: SpecError) -> PydanticCustomError:
    """``error`` as a validator may raise it: ``Spec.parse`` puts the path of the field before its problems."""
    return PydanticCustomError(INNER, "{text}", {"text": str(error), "problems": error.problems})
