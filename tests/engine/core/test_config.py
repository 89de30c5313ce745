"""config.yaml: what it may say, and the sentence for everything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.core import config
from engine.core.errors import ConfigError
from tests.support.workspace import Workspace, forget

ROOT = Path(__file__).parents[3]


def refusal(workspace: Workspace, text: str) -> str:
    """The sentence with which ``text`` is refused."""
    workspace.configure(text)
    with pytest.raises(ConfigError) as caught:
        config.settings()
    return str(caught.value)


def test_file_of_the_repository_states_the_defaults(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = config.load(ROOT / "config.yaml")
    assert shipped.server == config.Server()
    assert shipped.compute == config.Compute()
    assert shipped.plugins == ()
    assert shipped.cache == ROOT / "cache"


def test_every_commented_setting_of_the_repository_is_one(workspace: Workspace) -> None:
    lines = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()
    offered = [line.removeprefix("# ") for line in lines if re.match(r"# +(- )?\w+:( |$)", line)]
    (workspace.folder / "my_plugins").mkdir()
    workspace.configure("\n".join(offered))
    assert config.settings().server == config.Server()
    assert config.settings().compute == config.Compute(scheduler="tcp://host:8786")
    assert config.settings().plugins


def test_without_a_file_the_defaults_hold_and_the_cache_is_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(config.PATH_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    forget()
    assert config.settings().cache == tmp_path / "cache"
    assert config.settings().server.host == "127.0.0.1"
    forget()


def test_file_in_the_current_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(config.PATH_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("server: {port: 9000}", encoding="utf-8")
    forget()
    assert config.settings().server.port == 9000
    forget()


def test_named_file_that_does_not_exist_is_refused(workspace: Workspace) -> None:
    workspace.config.unlink()
    with pytest.raises(ConfigError, match=r"No configuration file at .*config\.yaml.*STRATOSCOPE_CONFIG"):
        config.settings()


def test_folder_instead_of_a_file_is_refused(workspace: Workspace) -> None:
    workspace.config.unlink()
    workspace.config.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.settings()


@pytest.mark.parametrize("text", ["", "# nothing but a remark\n", "---\n"])
def test_empty_file_means_the_defaults(workspace: Workspace, text: str) -> None:
    workspace.configure(text)
    assert config.settings().server == config.Server()


def test_section_with_every_line_commented_out_means_its_defaults(workspace: Workspace) -> None:
    workspace.configure("server:\n#  port: 9000\ncompute:\n")
    assert config.settings().server == config.Server()
    assert config.settings().compute == config.Compute()


def test_relative_folders_count_from_the_file(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.folder / "mine").mkdir()
    workspace.configure("cache: ./somewhere/else\nplugins: [mine]")
    monkeypatch.chdir("/")
    assert config.settings().cache == workspace.folder / "somewhere" / "else"
    assert config.settings().plugins == (workspace.folder / "mine",)


def test_home_folder_is_understood(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(workspace.folder / "home"))
    workspace.configure("cache: ~/cache")
    assert config.settings().cache == workspace.folder / "home" / "cache"


def test_results_may_lie_elsewhere(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert config.settings().results_url == f"file://{workspace.cache}/results"
    workspace.configure("results: s3://bucket/results")
    assert config.settings().results_url == "s3://bucket/results"
    workspace.configure("results: elsewhere")
    assert config.settings().results_url == f"file://{workspace.folder}/elsewhere"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("cache: a\nserver:\n  port: 1\n\nserver:\n  host: b\n", 5, "server"),
        ("server:\n  port: 1\n  port: 2\n", 3, "port"),
    ],
)
def test_key_that_is_there_twice_is_refused(workspace: Workspace, text: str, line: int, key: str) -> None:
    assert refusal(workspace, text) == f"config.yaml, line {line}: '{key}' appears twice."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server: {port: 99999}", "'server.port' must be at most 65,535, not 99999."),
        ("server: {port: web}", "'server.port' must be a whole number, not 'web'."),
        ("server: 8050", "'server' must be a mapping of settings, not 8050."),
        ("server: {trusted_hosts: lab}", "'server.trusted_hosts' must be a list, not 'lab'."),
        ("compute: {workers: many}", "'compute.workers' must be 'auto' or a number from 1 to 256, not 'many'."),
        ("compute: {scheduler: lab}", "'compute.scheduler' must be an address such as tcp://host:8786, not 'lab'."),
        ("cache: 3", "'cache' must be a text, not 3."),
        ("results_limit_gb: -1", "'results_limit_gb' must be at least 0, not -1."),
        ("market: {universes: 3}", "'market.universes' must be a mapping, not 3."),
    ],
)
def test_a_wrong_value_is_told_with_what_it_must_be(workspace: Workspace, text: str, words: str) -> None:
    assert refusal(workspace, text) == f"config.yaml, line 1: {words}"


def test_unknown_key_names_itself_the_closest_and_the_line(workspace: Workspace) -> None:
    assert refusal(workspace, "cache: cache\n\nservr:\n  port: 1\n") == (
        "config.yaml, line 3: 'servr' is not a setting. Did you mean 'server'? "
        "Available: server, compute, service, mlflow, cache, results, results_limit_gb, plugins, market."
    )


def test_unknown_key_in_a_section_names_the_section(workspace: Workspace) -> None:
    assert refusal(workspace, "server:\n  host: localhost\n  prot: 8051\n").startswith(
        "config.yaml, line 3: 'server.prot' is not a setting. Did you mean 'port'? Available: host, port,"
    )


def test_every_fault_is_told_at_once(workspace: Workspace) -> None:
    sentence = refusal(workspace, "server: {port: 99999}\ncompute: {worker: 3}\nplugin: []\n")
    assert "line 1: 'server.port'" in sentence
    assert "line 2: 'compute.worker'" in sentence
    assert "line 3: 'plugin'" in sentence


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("server:\n  port: eighty\n", 2, "server.port"),
        ("server:\n  port: 0\n", 2, "server.port"),
        ("server:\n\n  port: 65536\n", 3, "server.port"),
        ("server:\n  host: 8\n", 2, "server.host"),
        ("server:\n  trusted_hosts: example.org\n", 2, "server.trusted_hosts"),
        ("server:\n  trusted_hosts:\n  - a.org\n  - [b]\n", 2, "server.trusted_hosts.1"),
        ("server:\n  upload_limit_mb: 0\n", 2, "server.upload_limit_mb"),
        ("compute:\n  workers: 0\n", 2, "compute.workers"),
        ("compute:\n  workers: many\n", 2, "compute.workers"),
        ("compute:\n  workers: true\n", 2, "compute.workers"),
        ("compute:\n  scheduler: localhost\n", 2, "compute.scheduler"),
        ("compute:\n  scheduler: http://host:8786\n", 2, "compute.scheduler"),
        ("cache: [a]\n", 1, "cache"),
        ("plugins: mine\n", 1, "plugins"),
        ("server: 8050\n", 1, "server"),
    ],
)
def test_wrong_value_names_its_key_and_line(workspace: Workspace, text: str, line: int, key: str) -> None:
    assert refusal(workspace, text).startswith(f"config.yaml, line {line}: '{key}' ")


@pytest.mark.parametrize(
    "text",
    ["server: {port: [}\n", "server:\n\tport: 1\n", "a: 'b\n", "? [a]\n: b\n", "cache: 2024-13-45\n", "a: *b\n"],
)
def test_broken_yaml_is_one_sentence_with_its_line(workspace: Workspace, text: str) -> None:
    sentence = refusal(workspace, text)
    assert sentence.startswith("config.yaml")
    assert "not valid YAML" in sentence
    assert "\n" not in sentence


def test_bytes_that_are_no_text_are_refused(workspace: Workspace) -> None:
    workspace.config.write_bytes(b"cache: \xff\xfe\n")
    forget()
    with pytest.raises(ConfigError, match="not valid YAML"):
        config.settings()


def test_list_instead_of_settings_is_refused(workspace: Workspace) -> None:
    assert refusal(workspace, "- server\n") == "config.yaml: expected settings such as 'server:', found list."


def test_plugin_folder_that_does_not_exist_is_named(workspace: Workspace) -> None:
    sentence = refusal(workspace, "plugins: [nowhere]\n")
    assert str(workspace.folder / "nowhere") in sentence
    assert "does not exist" in sentence


def test_settings_cannot_be_changed(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.settings().server.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)]
)
def test_loopback_is_told_from_the_world(host: str, loopback: bool) -> None:
    assert config.Config(server=config.Server(host=host)).is_loopback() is loopback


def test_workers_are_counted_from_the_machine_unless_told() -> None:
    assert 1 <= config.Compute().worker_count() <= 8
    assert config.Compute(workers=3).worker_count() == 3
