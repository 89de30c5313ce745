"""config.yaml: read once and validated; errors give the line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.core.documents import read_yaml, yaml_error
from engine.core.errors import ConfigError, did_you_mean
from engine.core.sizes import GIGABYTE, MEGABYTE
from engine.core.spec_problems import REQUIREMENTS

PATH_VARIABLE = "STRATOSCOPE_CONFIG"
PASSWORD_VARIABLE = "STRATOSCOPE_PASSWORD"
TOKEN_VARIABLE = "STRATOSCOPE_TOKEN"

_Column = Literal["time", "open", "high", "low", "close", "volume", "adj_close", "splits", "dividends", "symbol"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        """A key without a value, such as a section whose lines are all commented out, means the default."""
        return (
            {key: value for key, value in values.items() if value is not None} if isinstance(values, dict) else values
        )


class Server(_Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8050, ge=1, le=65535)
    trusted_hosts: tuple[str, ...] = ()
    upload_limit_mb: float = Field(default=1024, gt=0, le=65_536)

    @property
    def upload_limit(self) -> int:
        """Bytes that a file may have."""
        return int(self.upload_limit_mb * MEGABYTE)


class Compute(_Section):
    scheduler: str | None = Field(default=None, pattern=r"^(tcp|tls)://[\w.\-]+:\d+$")
    workers: int | Literal["auto"] = "auto"
    queue_limit: int = Field(default=32, ge=1, le=10_000)
    memory_limit_mb: int = Field(default=4096, ge=512)

    @field_validator("workers", mode="before")
    @classmethod
    def _auto_or_some(cls, value: object) -> object:
        if value != "auto" and not (type(value) is int and 1 <= value <= 256):
            raise ValueError("must be 'auto' or a number from 1 to 256")
        return value

    @property
    def memory_limit(self) -> int:
        """Bytes that a worker may use."""
        return self.memory_limit_mb * MEGABYTE

    def worker_count(self) -> int:
        """Workers of the embedded cluster: as configured, or one per core up to eight."""
        return min(os.cpu_count() or 1, 8) if self.workers == "auto" else int(self.workers)

    def threads_per_worker(self) -> int:
        """A worker's share of the cores."""
        return max((os.cpu_count() or 1) // self.worker_count(), 1)


class Rules(_Section):
    """When a model in service is reported: an input, or the predictions, have moved by more than so many standard
    deviations (Wasserstein distance), and farther than chance moves them; the rank IC of the newest bars, of which so
    many labels are known at least, is below a value. ``commission`` and ``slippage``, in basis points, are those of the
    paper account.
    """

    input_drift: float = Field(default=0.5, gt=0, le=100)
    output_drift: float = Field(default=0.5, gt=0, le=100)
    ic_below: float = Field(default=0.0, ge=-1, le=1)
    least_labels: int = Field(default=60, ge=20, le=1_000_000)
    commission: float = Field(default=5.0, ge=0, le=1000)
    slippage: float = Field(default=3.0, ge=0, le=1000)


class Service(_Section):
    """Whether other programs may ask for predictions, and the file with their token, where the environment has none;
    the ``rules`` of models in service, and the address that alerts are posted to, which may hold a secret.
    """

    enabled: bool = False
    token_file: Path | None = None
    rules: Rules = Rules()
    webhook: str | None = Field(default=None, max_length=2000, repr=False)

    @field_validator("webhook")
    @classmethod
    def _check_address(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "")
        if address is not None and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("must be an address that begins with https:// or http://")
        return address


class Mlflow(_Section):
    """The MLflow server that trained models are logged to, and the experiment there. A name and a password of it are
    those of the environment, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
    """

    uri: str | None = Field(default=None, max_length=2000)
    experiment: str = Field(default="Stratoscope", min_length=1, max_length=200)

    @field_validator("uri")
    @classmethod
    def _check_address(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "")
        if address is not None and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("must be an address that begins with https:// or http://")
        if parts.username or parts.password:
            raise ValueError("must not hold a password: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
        return address


class Files(_Section):
    """Folders of files from which bars can be fetched, and metadata that the files lack."""

    folders: tuple[Path, ...] = ()
    timezone: str = "America/New_York"
    currency: str = Field(default="USD", min_length=1, max_length=8)

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, name: str) -> str:
        return _timezone(name)


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be a time zone such as America/New_York")
    return name


class Query(_Section):
    """A database from which bars can be fetched, and the query for those of a symbol, which stands in it as {symbol}.

    ``address`` is a DuckDB or SQLite file or an address of SQLAlchemy, where ${NAME} is the variable NAME of the
    environment. ``symbols`` is a query for the symbols that there are. ``columns`` name the query's columns by those of
    bars, as far as they are called otherwise. ``timezone`` is that of the exchange and of times without an offset.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")
    address: str = Field(min_length=1, repr=False)
    query: str = Field(min_length=1)
    symbols: str = ""
    columns: Mapping[_Column, str] = Field(default_factory=dict)
    interval: str = "1d"
    timezone: str | None = None
    currency: str = Field(default="USD", min_length=1, max_length=8)
    timeout_s: float = Field(default=30, gt=0, le=3600)

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, name: str | None) -> str | None:
        return name and _timezone(name)


class MarketData(_Section):
    """``priority`` lists sources of bars by descending priority; others follow by their own. ``universes`` are lists of
    symbols by name, ``sql`` queries of databases.
    """

    priority: tuple[str, ...] = ()
    files: Files = Files()
    sql: tuple[Query, ...] = ()
    universes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


class Config(_Section):
    """The whole of config.yaml. ``cache``, ``plugins``, the folders of files and the file of the token are absolute;
    ``results`` is an fsspec URL.
    """

    server: Server = Server()
    compute: Compute = Compute()
    service: Service = Service()
    mlflow: Mlflow = Mlflow()
    cache: Path = Path("cache")
    results: str | None = None
    results_limit_gb: float = Field(default=5, ge=0, le=1_000_000)
    plugins: tuple[Path, ...] = ()
    market: MarketData = MarketData()

    @property
    def results_url(self) -> str:
        """Where results are kept: the configured URL, or the folder ``results`` under the cache."""
        return self.results or f"file://{self.cache / 'results'}"

    @property
    def results_limit(self) -> int | None:
        """Bytes that results may take before the oldest are dropped; None where there is no limit."""
        return int(self.results_limit_gb * GIGABYTE) or None

    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach the server."""
        return self.server.host in ("127.0.0.1", "localhost", "::1")


@cache
def settings() -> Config:
    """The configuration of this process: the file that ``STRATOSCOPE_CONFIG`` names, else ./config.yaml, else the
    defaults. Workers inherit the variable, so that server and workers agree. Raises ``ConfigError``.
    """
    named = os.environ.get(PATH_VARIABLE)
    path = Path(named or "config.yaml").resolve()
    if not path.exists():
        if named:
            raise ConfigError(f"No configuration file at {path}: check --config or {PATH_VARIABLE}.")
        return _resolved(Config(), path.parent)
    return load(path)


def load(path: Path) -> Config:
    """The configuration in ``path``; relative folders count from the file's own. Raises ``ConfigError``."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = read_yaml(text) or {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a date such as 2024-02-30
        reason = yaml_error(error)
        raise ConfigError(f"{path.name}{', ' if reason.startswith('line ') else ': '}{reason}.") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path.name}: expected settings such as 'server:', found {type(values).__name__}.")
    try:
        return _resolved(Config.model_validate(values), path.parent.resolve())
    except ValidationError as error:
        raise ConfigError(" ".join(_explain(path.name, tree, item) for item in error.errors())) from None


def _resolved(config: Config, folder: Path) -> Config:
    plugins = tuple(folder / path.expanduser() for path in config.plugins)
    missing = [str(path) for path in plugins if not path.is_dir()]
    if missing:
        raise ConfigError(f"The plug-in folder {missing[0]} does not exist: create it or remove it from 'plugins'.")
    files = config.market.files
    files = files.model_copy(update={"folders": tuple(folder / path.expanduser() for path in files.folders)})
    changes: dict[str, Any] = {"cache": (folder / config.cache.expanduser()).resolve(), "plugins": plugins}
    queries = tuple(_located(item, folder) for item in config.market.sql)
    changes["market"] = config.market.model_copy(update={"files": files, "sql": queries})
    if config.service.token_file is not None:
        path = folder / config.service.token_file.expanduser()
        changes["service"] = config.service.model_copy(update={"token_file": path})
    if config.results and "://" not in config.results:
        changes["results"] = f"file://{(folder / Path(config.results).expanduser()).resolve()}"
    return config.model_copy(update=changes)


def _located(query: Query, folder: Path) -> Query:
    """A database's file counts from the folder of config.yaml."""
    if "://" in query.address or query.address.startswith("$"):
        return query
    return query.model_copy(update={"address": str(folder / Path(query.address).expanduser())})


def _explain(file: str, tree: yaml.Node | None, item: Any) -> str:
    path = [str(part) for part in item["loc"]]
    location, name = f"{file}, line {_line(tree, path)}", ".".join(path)
    if item["type"] == "extra_forbidden":
        section: Any = Config
        for part in path[:-1]:
            annotation = section.model_fields[part].annotation if not part.isdigit() else section
            section = next((item for item in get_args(annotation) if item is not Ellipsis), annotation)
        return f"{location}: '{name}' is not a setting.{did_you_mean(path[-1], tuple(section.model_fields))}"
    if item["type"] == "missing":
        return f"{location}: '{name}' is missing."
    problem = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] in _DEMANDS:
        problem = f"must be {_DEMANDS[item['type']].format(**item.get('ctx', {}))}"
    return f"{location}: '{name}' {problem}{_actual(path, item['input'])}."


def _actual(path: list[str], value: object) -> str:
    """The actual value as the end of a sentence; an address can have a password in it, and is not repeated."""
    if path == ["service", "webhook"] or (
        path[:2] == ["market", "sql"]
        and ("address" in path or not isinstance(value, int | float))
        and "name" not in path
    ):
        return ""
    return f", not {value!r}"


_DEMANDS = {
    **REQUIREMENTS,
    "model_type": "a mapping of settings",
    "dict_type": "a mapping",
    "string_pattern_mismatch": "an address such as tcp://host:8786",
    **dict.fromkeys(("string_type", "string_too_short", "string_too_long", "path_type"), "a text"),
}


def _line(node: yaml.Node | None, path: list[str]) -> int:
    """Line of the key that ``path`` leads to, or of the deepest key on the way that exists."""
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and part.isdigit():
            node = node.value[int(part)]
            line = node.start_mark.line + 1 if isinstance(node, yaml.MappingNode) else line
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        match = [(key, value) for key, value in pairs if key.value == part]
        if not match:
            break
        line, node = match[0][0].start_mark.line + 1, match[0][1]
    return line
