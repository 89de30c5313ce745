"""Plug-ins: found by discovery, in the engine and in a user's folder."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from engine.core.errors import SpecError, UnknownPlugin
from engine.core.registry import info, plugin, source_digest
from engine.core.spec import Spec
from engine.indicators import INDICATORS
from engine.strategies import STRATEGIES, Strategy
from engine.strategies.kinds.buy_and_hold import BuyAndHold
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.workspace import Workspace, forget

pytestmark = pytest.mark.usefixtures("workspace")


def strategy(name: str, cls: str = "Mine", more: str = "") -> str:
    """Source of a strategy that never trades."""
    return dedent(f'''
        """A strategy of a user's own."""

        from __future__ import annotations

        from typing import Literal

        import numpy as np

        from engine.core.registry import plugin
        from engine.core.spec import parameter
        from engine.strategies import Signals, Strategy

        {more}

        @plugin("{name}", title="Title of {name}")
        class {cls}(Strategy):
            """Waits.

            Longer than the others.
            """

            kind: Literal["{name}"] = "{name}"
            days: int = parameter(3, title="Days", ge=1)

            def signals(self, bars, inputs):
                none = np.zeros(len(bars), dtype=bool)
                return Signals(none, none)
    ''')


# -- the engine's own -----------------------------------------------------------------------------------------------


def test_available_is_in_order_of_titles() -> None:
    titles = [info(cls).title for cls in STRATEGIES.available().values()]
    assert titles == sorted(titles)
    assert {"buy_and_hold", "sma_cross", "follow_model"} <= set(STRATEGIES.available())


def test_info_is_the_first_paragraph_on_one_class_or_spec() -> None:
    assert info(BuyAndHold) == info(BuyAndHold())
    assert info(BuyAndHold).name == "buy_and_hold"
    assert info(SmaCross).summary == (
        "Long from the close at which the fast average rises above the slow one until it falls below it."
    )


def test_unknown_name_gets_the_closest_and_the_list() -> None:
    with pytest.raises(UnknownPlugin) as caught:
        STRATEGIES.get("sma_cros")
    sentence = str(caught.value)
    assert sentence.startswith("'sma_cros' is not one of the strategies. Did you mean 'sma_cross'? Available: ")
    assert "buy_and_hold" in sentence
    assert caught.value.problems[0][0] == "kind"


def test_parse_takes_a_spec_as_it_is() -> None:
    spec = SmaCross(fast=2, slow=3)
    assert STRATEGIES.parse(spec) is spec


@pytest.mark.parametrize("value", [None, "sma_cross", 7, [], {}, {"kind": None}, {"kind": 3}, SmaCross])
def test_anything_without_a_kind_is_refused_with_the_list(value: object) -> None:
    with pytest.raises(SpecError, match=r"Choose one of the strategies: .*sma_cross"):
        STRATEGIES.parse(value)


def test_a_file_whose_class_is_not_marked_or_of_another_kind_says_so(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "waits", re.sub(r"@plugin\(.*\)\n", "", strategy("waits")))
    workspace.write_plugin("strategies", "_shared", "X = 1\n")
    assert STRATEGIES.problems() == (
        f"The file {path} has none of the strategies: put @plugin(name, title=...) before a class that extends "
        "Strategy.",
    )
    assert "waits" not in STRATEGIES.available()


def test_a_class_without_a_base_is_told_so() -> None:
    with pytest.raises(TypeError, match="Wrong must extend the base class of its kind, such as Strategy"):
        plugin("wrong", title="Wrong")(type("Wrong", (), {}))


def test_kind_and_name_must_agree() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.kind must default to 'right'"):

        @plugin("right", title="Right")
        class Wrong(Strategy):
            kind: str = "wrong"


def test_digest_is_of_the_whole_file() -> None:
    assert source_digest(SmaCross) != source_digest(BuyAndHold)
    assert source_digest(SmaCross) == source_digest(SmaCross)


# -- a user's folder ------------------------------------------------------------------------------------------------


def test_strategy_in_the_folder_is_found_and_parsed(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "waits", strategy("waits"))
    assert "waits" in STRATEGIES.available()
    assert "sma_cross" in STRATEGIES.available()
    spec = STRATEGIES.parse({"kind": "waits", "days": 5})
    assert info(spec).title == "Title of waits"
    assert info(spec).summary == "Waits."
    assert spec.model_dump() == {"kind": "waits", "days": 5}


def test_file_of_another_group_is_left_alone(workspace: Workspace) -> None:
    workspace.write_plugin("labels", "waits", strategy("waits"))
    assert "waits" not in STRATEGIES.available()


def test_class_without_the_decorator_is_no_plugin(workspace: Workspace) -> None:
    workspace.write_plugin(
        "strategies", "waits", strategy("waits").replace('@plugin("waits", title=', "_ = dict(title=")
    )
    assert "waits" not in STRATEGIES.available()


def test_imported_plugins_are_not_counted_twice(workspace: Workspace) -> None:
    more = "from engine.strategies.kinds.sma_cross import SmaCross"
    workspace.write_plugin("strategies", "waits", strategy("waits", more=more))
    assert "waits" in STRATEGIES.available()


def test_new_file_is_found_without_a_restart(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "first", strategy("first"))
    assert "second" not in STRATEGIES.available()
    workspace.write_plugin("strategies", "second", strategy("second"))
    assert {"first", "second"} <= set(STRATEGIES.available())


def test_removed_file_is_gone(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "first", strategy("first"))
    assert "first" in STRATEGIES.available()
    path.unlink()
    assert "first" not in STRATEGIES.available()


def test_changed_line_is_loaded_anew_with_a_new_digest(workspace: Workspace) -> None:
    """Also within the same second and at the same length, where Python would take its .pyc for fresh."""
    workspace.write_plugin("strategies", "waits", strategy("waits"))
    before = STRATEGIES.get("waits")
    workspace.write_plugin(
        "strategies", "waits", strategy("waits").replace('parameter(3, title="Days"', "parameter(4, title='Days'")
    )
    after = STRATEGIES.get("waits")
    assert (before().days, after().days) == (3, 4)  # type: ignore[attr-defined]
    assert source_digest(before) != source_digest(after)


def test_old_class_keeps_its_digest_when_the_file_changes(workspace: Workspace) -> None:
    """Else what the old code computes would be stored under the key of the new code."""
    path = workspace.write_plugin("strategies", "waits", strategy("waits"))
    before = STRATEGIES.get("waits")
    workspace.write_plugin("strategies", "waits", path.read_text(encoding="utf-8") + "\nX = 1\n")
    after = STRATEGIES.get("waits")
    assert source_digest(after) != source_digest(before)


def test_files_of_one_name_in_two_folders_keep_their_own_digests(workspace: Workspace) -> None:
    for folder in ("one", "two"):
        (workspace.folder / folder / "strategies").mkdir(parents=True)
        path = workspace.folder / folder / "strategies" / "mine.py"
        path.write_text(strategy(f"of_{folder}"), encoding="utf-8")
    workspace.configure("plugins: [one, two]")
    one, two = STRATEGIES.get("of_one"), STRATEGIES.get("of_two")
    assert source_digest(one) != source_digest(two)


def test_file_that_raises_is_named_with_its_line(workspace: Workspace) -> None:
    path = workspace.write_plugin("strategies", "broken", "X = 1\nraise RuntimeError('of my own making')")
    assert STRATEGIES.problems() == (f"The plug-in {path} failed to load in line 2: RuntimeError: of my own making.",)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("X = 1\ndef broken(:\n", "in line 2: SyntaxError: invalid syntax."),
        ("import nothing_of_the_sort\n", "in line 1: ModuleNotFoundError: No module named 'nothing_of_the_sort'."),
        ("raise SystemExit(3)\n", "in line 1: SystemExit: 3."),
        ("\x00", "source code string cannot contain null bytes."),
        ("def deep(n):\n    return 1 / n\n\n\ndeep(0)\n", "in line 2: ZeroDivisionError: division by zero."),
        (strategy("waits").replace('kind: Literal["waits"] = "waits"', 'kind: str = "no"'), "must default to 'waits'."),
    ],
)
def test_file_that_cannot_be_loaded_leaves_the_others_alone(workspace: Workspace, source: str, words: str) -> None:
    path = workspace.write_plugin("strategies", "broken", source)
    workspace.write_plugin("strategies", "sound", strategy("sound"))
    assert {"sound", "sma_cross"} <= set(STRATEGIES.available())
    (problem,) = STRATEGIES.problems()
    assert problem.startswith(f"The plug-in {path} failed to load")
    assert problem.endswith(words)
    assert STRATEGIES.get("sound")().kind == "sound"
    with pytest.raises(UnknownPlugin) as caught:
        STRATEGIES.get("waits")
    assert problem in str(caught.value)


def test_sound_files_have_no_problems(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "waits", strategy("waits"))
    assert STRATEGIES.problems() == ()


def test_file_mended_after_a_failure_is_found(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "waits", "1 / 0")
    assert "waits" not in STRATEGIES.available()
    workspace.write_plugin("strategies", "waits", strategy("waits"))
    assert "waits" in STRATEGIES.available()
    assert STRATEGIES.problems() == ()


def test_of_two_of_one_name_the_first_is_used_and_both_files_are_named(workspace: Workspace) -> None:
    first = workspace.write_plugin("strategies", "first", strategy("same"))
    second = workspace.write_plugin("strategies", "second", strategy("same", cls="Other"))
    assert STRATEGIES.get("same").__name__ == "Mine"
    assert STRATEGIES.problems() == (
        f"Two strategies are called 'same', in {first} and {second}: rename one of them. Until then the first is used.",
    )


def test_same_file_in_two_folders_is_two_of_one_name(workspace: Workspace) -> None:
    for folder in ("one", "two"):
        (workspace.folder / folder / "strategies").mkdir(parents=True)
        (workspace.folder / folder / "strategies" / "mine.py").write_text(strategy("same"), encoding="utf-8")
    workspace.configure("plugins: [one, two]")
    assert "Two strategies are called 'same'" in STRATEGIES.problems()[0]


def test_name_of_the_engines_own_cannot_be_taken(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "mine", strategy("sma_cross"))
    assert STRATEGIES.get("sma_cross") is SmaCross
    assert "Two strategies are called 'sma_cross'" in STRATEGIES.problems()[0]


def test_plugin_of_the_wrong_kind_is_passed_over(workspace: Workspace) -> None:
    source = (
        strategy("waits")
        .replace("class Mine(Strategy)", "class Mine(Spec)")
        .replace("from engine.core.spec import parameter", "from engine.core.spec import Spec, parameter")
    )
    workspace.write_plugin("strategies", "waits", source)
    assert "waits" not in STRATEGIES.available()


# -- packages of others ---------------------------------------------------------------------------------------------


def test_entry_point_adds_its_plugins(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    package(workspace.folder / "site", "stratoscope_extra_found", strategy("from_a_package"))
    monkeypatch.syspath_prepend(str(workspace.folder / "site"))
    forget()
    assert "from_a_package" in STRATEGIES.available()


def test_entry_point_that_raises_is_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    package(workspace.folder / "site", "stratoscope_extra_broken", "1 / 0")
    monkeypatch.syspath_prepend(str(workspace.folder / "site"))
    forget()
    assert "sma_cross" in STRATEGIES.available()
    assert STRATEGIES.problems()[0].startswith("The plug-in stratoscope_extra_broken failed to load: ZeroDivisionError")


def package(folder: Path, name: str, source: str) -> None:
    """An installed distribution with one module and an entry point of the group "stratoscope.strategies"."""
    about = folder / f"{name}-1.dist-info"
    about.mkdir(parents=True)
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[stratoscope.strategies]\nx = {name}\n", encoding="utf-8")


def test_spec_without_a_mark_is_no_plugin() -> None:
    with pytest.raises(AttributeError):
        info(Spec)


def test_of_many_plug_ins_a_sentence_names_the_closest() -> None:
    with pytest.raises(UnknownPlugin, match=r"Did you mean 'talib_tsi'\?") as caught:
        INDICATORS.get("talib_tsy")
    assert str(caught.value).count("talib_") == 14
    with pytest.raises(SpecError, match=r"Choose one of the indicators: .* and \d+ more\."):
        INDICATORS.parse({})


def test_a_table_of_plug_ins_makes_a_class_when_it_is_asked_for() -> None:
    names = [info.name for info in INDICATORS.infos()]
    assert names == list(INDICATORS.available())
    assert [info.title for info in INDICATORS.infos()] == sorted(info.title for info in INDICATORS.infos())
    assert INDICATORS.available()["talib_cci"] is INDICATORS.get("talib_cci")
    assert "talib_rsi" not in INDICATORS.available()
