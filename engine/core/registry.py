"""Plug-ins: decorated spec classes, one per file, found by discovery."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, NamedTuple, TypeVar, cast

from pydantic_core import core_schema

from engine.core.config import settings
from engine.core.contracts import MARK, description_problem, require_contract
from engine.core.contracts import is_built_in as is_built_in
from engine.core.contracts import is_plugin as is_plugin
from engine.core.errors import ConfigError, PluginError, SpecError, UnknownPlugin, did_you_mean, line_in
from engine.core.plugin_errors import named, plugin_errors
from engine.core.search import search
from engine.core.spec import PLUGIN_MODULES, Spec, as_validation_error, kind_name

S = TypeVar("S", bound=Spec)
_MANY, _FEW = 40, 12  # plug-ins up to which a sentence lists all; how many it lists of more
_DIGEST = "__stratoscope_digest__"


@dataclass(frozen=True)
class PluginInfo:
    """Entry of a plug-in in lists: the value of ``kind``, a title, the first paragraph of the class docstring, the
    group in a picker, and synonyms for its search.
    """

    name: str
    title: str
    summary: str
    group: str = ""
    synonyms: tuple[str, ...] = ()


def plugin(name: str, *, title: str, group: str = "", synonyms: tuple[str, ...] = ()) -> Callable[[type[S]], type[S]]:
    """Class decorator that makes a spec class a plug-in; ``name`` must be the default of its ``kind``. Raises
    ``TypeError`` for a class that does not keep to the contract of its base (``contracts.require_contract``).
    """

    def mark(cls: type[S]) -> type[S]:
        if not issubclass(cls, Spec):
            raise TypeError(f"{cls.__name__} must extend the base class of its kind, such as Strategy.")
        if kind_name(cls) != name:
            raise TypeError(f"{cls.__name__}.kind must default to {name!r}.")
        if not is_built_in(cls):
            require_contract(cls)
        summary = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0]
        setattr(cls, MARK, PluginInfo(name, title, summary, group, synonyms))
        return cls

    return mark


def info(spec: Spec | type[Spec]) -> PluginInfo:
    """The ``PluginInfo`` of a plug-in spec or its class."""
    return cast(PluginInfo, getattr(spec, MARK))


@dataclass(frozen=True)
class PluginTable:
    """Plug-ins made from the rows of a table, each at first use; a module offers those of its global tables.

    ``infos()`` lists them without making any; ``make(name)`` returns the spec class, always the same one.
    """

    infos: Callable[[], Sequence[PluginInfo]]
    make: Callable[[str], type[Spec]]


@dataclass(frozen=True)
class Registry(Generic[S]):
    """The plug-ins of one kind, and the validator of a field that holds one: ``Annotated[Strategy, STRATEGIES]``.

    Plug-ins are subclasses of ``base`` in ``package``, in entry points of the group
    ``stratoscope.<group>`` and in ``<folder>/<group>/*.py`` of each plug-in folder that the configuration names. One
    that fails to load keeps none of the others from working: ``problems`` says what is wrong with it. ``order`` is that
    of their groups in a list. ``further`` packages have some that stand on a layer above ``package``.
    """

    group: str
    base: type[S]
    package: str
    order: tuple[str, ...] = ()
    further: tuple[str, ...] = ()

    def available(self) -> Mapping[str, type[S]]:
        """Spec classes by name, sorted by title. Those of a table are made when they are read; ``infos`` lists them
        without making any.
        """
        return cast(Mapping[str, type[S]], self._found().classes)

    def infos(self) -> tuple[PluginInfo, ...]:
        """``PluginInfo`` of each, sorted by title."""
        return tuple(self._found().infos.values())

    def groups(self) -> tuple[str, ...]:
        """The groups in ``order``, then others by name."""
        named = {info.group for info in self.infos()}
        return (*(group for group in self.order if group in named), *sorted(named - set(self.order)))

    def search(self, text: str, group: str | None = None) -> tuple[PluginInfo, ...]:
        """The plug-ins that have every word of ``text``, best match first: see ``engine.core.search``."""
        return search(self.infos(), text, group)

    def title(self, entry: str) -> str:
        """What a list calls ``entry``; the entry itself where it has none."""
        return next((info.title for info in self.infos() if info.name == entry), entry)

    def values_of(self, entry: str) -> Mapping[str, Any]:
        """Plain values of an entry of the list, without those that it leaves to their defaults."""
        return {"kind": entry}

    def entry_of(self, values: Mapping[str, Any]) -> str:
        """The entry of the list that ``values`` were chosen by: ``entry_of(values_of(entry)) == entry``."""
        return str(values.get("kind", ""))

    def problems(self) -> tuple[str, ...]:
        """A sentence for each plug-in that is not available: what failed to load, was not marked as one, or has a name
        that is taken."""
        return self._found().problems

    def lacking(self) -> frozenset[str]:
        """The names of those that ``needs`` a package that is not installed here, where the base has such a list."""
        if not hasattr(self.base, "needs"):
            return frozenset()
        classes: Mapping[str, Any] = self.available()
        return frozenset(
            name for name, cls in classes.items() if any(importlib.util.find_spec(part) is None for part in cls.needs)
        )

    def _found(self) -> _Found:
        files = [path for folder in settings().plugins for path in sorted((folder / self.group).glob("*.py"))]
        return _discover(self, tuple((path, path.read_bytes()) for path in files))

    def get(self, name: str) -> type[S]:
        """The spec class called ``name``. Raises ``UnknownPlugin`` with what failed to load, the closest match and the
        list.
        """
        known = self.available()
        if name not in known:
            failed = "".join(f" {problem}" for problem in self.problems())
            near = did_you_mean(str(name), _nearest(str(name), known))
            text = f"'{name[:60]}' is not one of the {self.group}.{failed}{near}"
            raise UnknownPlugin([("kind", text)])
        return known[name]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda spec: spec.model_dump(mode="json")),
        )

    def parse(self, value: Any) -> S:
        """The spec that a mapping with ``kind`` describes. Raises ``SpecError`` with the path of the field."""
        if isinstance(value, self.base):
            return value
        if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str):
            named = f" Write {{kind: {value}}}." if isinstance(value, str) and value in self.available() else ""
            raise SpecError([("kind", f"Choose one of the {self.group}: {_listed(self.available())}.{named}")])
        cls = self.get(value["kind"])
        return cls.parse(value) if is_built_in(cls) else self._described(cls, value)

    def _described(self, cls: type[S], value: Mapping[str, Any]) -> S:
        """``cls.parse`` of a plug-in that is not the engine's. Raises ``SpecError`` where its code fails, or describes
        it by what its contract excludes.
        """
        noun = f"{self.group[:-3]}y" if self.group.endswith("ies") else self.group[:-1]
        try:
            with plugin_errors(cls, noun):
                spec = cls.parse(value)
                problem = description_problem(spec)
        except PluginError as error:
            raise SpecError([("kind", str(error))]) from error
        if problem:
            raise SpecError([("kind", f"{named(spec, noun)} {problem}")])
        return spec

    def _validate(self, value: Any) -> S:
        try:
            return self.parse(value)
        except SpecError as error:
            raise as_validation_error(error) from None


def _nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names that a sentence lists: all, or of many those that are closest to ``name``."""
    names = tuple(known)
    return names if len(names) <= _MANY else tuple(get_close_matches(name, names, n=_FEW, cutoff=0.0))


def _listed(known: Iterable[str]) -> str:
    names = tuple(known)
    more = f" and {len(names) - _FEW} more" if len(names) > _MANY else ""
    return ", ".join(names[:_FEW] if more else names) + more


class _Plugins(Mapping[str, type[Spec]]):
    """Spec classes by name, made when they are read."""

    def __init__(self, makers: Mapping[str, Callable[[], type[Spec]]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> type[Spec]:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers


class _Candidate(NamedTuple):
    info: PluginInfo
    make: Callable[[], type[Spec]]
    file: str


class _Found(NamedTuple):
    classes: Mapping[str, type[Spec]]
    infos: Mapping[str, PluginInfo]
    problems: tuple[str, ...]


@cache
def _discover(registry: Registry[Any], files: tuple[tuple[Path, bytes], ...]) -> _Found:
    found: dict[str, _Candidate] = {}
    problems: list[str] = []
    for load in _loaders(registry, files):
        try:
            module = load()
        except ConfigError as error:
            problems.append(str(error))
            continue
        offers = list(_candidates(registry, module))
        if not offers and hasattr(module, _DIGEST) and not Path(str(module.__file__)).name.startswith("_"):
            problems.append(
                f"The file {module.__file__} has none of the {registry.group}: put @plugin(name, title=...) before a "
                f"class that extends {registry.base.__name__}."
            )
        for offer in offers:
            name = offer.info.name
            if (first := found.setdefault(name, offer)) is not offer and first.make() is not offer.make():
                problems.append(
                    f"Two {registry.group} are called '{name}', in {first.file} and {offer.file}: rename one of them. "
                    "Until then the first is used."
                )
    listed = dict(sorted(found.items(), key=lambda item: item[1].info.title))
    makers = {name: offer.make for name, offer in listed.items()}
    return _Found(_Plugins(makers), {name: offer.info for name, offer in listed.items()}, tuple(problems))


def _candidates(registry: Registry[Any], module: ModuleType) -> Iterator[_Candidate]:
    """The plug-ins of a module: its own marked classes, and the rows of its tables."""
    for cls in own_classes(module):
        if issubclass(cls, registry.base) and is_plugin(cls):
            yield _Candidate(info(cls), partial(_identity, cls), str(inspect.getsourcefile(cls)))
    for table in vars(module).values():
        if isinstance(table, PluginTable):
            for row in table.infos():
                yield _Candidate(row, partial(table.make, row.name), str(module.__file__))


def _identity(cls: type[Spec]) -> type[Spec]:
    return cls


def _loaders(registry: Registry[Any], files: tuple[tuple[Path, bytes], ...]) -> Iterator[Callable[[], ModuleType]]:
    for package in (registry.package, *registry.further):
        for item in pkgutil.iter_modules(importlib.import_module(package).__path__):
            yield partial(importlib.import_module, f"{package}.{item.name}")
    for entry in entry_points(f"stratoscope.{registry.group}"):
        yield partial(load_module, entry.module)
    for path, source in files:
        yield partial(_load_file, registry.group, path, source)


def entry_points(group: str) -> importlib.metadata.EntryPoints:
    """The entry points of ``group`` in all packages that are installed."""
    return cast(importlib.metadata.EntryPoints, _entry_points().select(group=group))


@cache
def _entry_points() -> Any:
    """Those of all groups: reading them opens a file of each package."""
    return importlib.metadata.entry_points()


def load_module(name: str) -> ModuleType:
    """The third-party module ``name``. Raises ``ConfigError`` whatever it raises."""
    with _named_errors(name):
        return importlib.import_module(name)


class _BytesLoader(SourceFileLoader):
    """Loads the digested bytes; a .pyc would count as fresh within the second of its creation."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self._source = source

    def path_stats(self, path: Any) -> Any:
        raise OSError("no .pyc")

    def get_data(self, path: Any) -> bytes:
        return self._source


@cache
def _load_file(group: str, path: Path, source: bytes) -> ModuleType:
    digest = hashlib.sha256(source).hexdigest()
    place = hashlib.sha256(f"{path}|{digest}".encode()).hexdigest()[:12]
    name = (
        f"{PLUGIN_MODULES}.{group}.{path.stem}_{place}"  # versions of a file, and files of one name, live side by side
    )
    spec = cast(
        ModuleSpec, importlib.util.spec_from_file_location(name, path, loader=_BytesLoader(name, str(path), source))
    )
    module = importlib.util.module_from_spec(spec)
    setattr(module, _DIGEST, digest)
    sys.modules[name] = module
    try:
        with _named_errors(path):
            cast(Loader, spec.loader).exec_module(module)
    except ConfigError:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _named_errors(plugin: object) -> Iterator[None]:
    """Turns any exception of a plug-in while it is loaded into a ``ConfigError`` with its name."""
    try:
        yield
    except (Exception, SystemExit) as error:
        line = line_in(str(plugin), error)
        message = str(error.msg if isinstance(error, SyntaxError) else error).removesuffix(".")
        place = f" in line {line}" if line else ""
        raise ConfigError(f"The plug-in {plugin} failed to load{place}: {type(error).__name__}: {message}.") from error


def is_all_built_in(spec: Spec) -> bool:
    """Whether ``spec`` and every spec inside it, models included, is built into the engine."""
    return all(is_built_in(type(item)) for item in spec.walk())


def plugin_digest(module: str) -> str:
    """sha256 of the source of a module that was loaded from a plug-in folder; "" for all others."""
    return str(getattr(sys.modules.get(module), _DIGEST, ""))


@cache
def source_digest(cls: type[Spec]) -> str:
    """sha256 of the file that ``cls`` was loaded from: one changed line is a new digest.

    A file in a plug-in folder is loaded anew when it has changed; a changed file of the engine itself counts from
    the next start of the process, as its code does.
    """
    module = sys.modules[cls.__module__]
    digest = getattr(module, _DIGEST, None)
    if digest is None and module.__file__ is None:
        raise ConfigError(f"The source file of {cls.__name__} cannot be found.")
    return cast(str, digest or hashlib.sha256(Path(cast(str, module.__file__)).read_bytes()).hexdigest())


def own_classes(module: ModuleType) -> list[type]:
    """The classes that ``module`` defines itself, in their order; imported ones are left out."""
    values = vars(module).values()
    return [value for value in values if inspect.isclass(value) and value.__module__ == module.__name__]
