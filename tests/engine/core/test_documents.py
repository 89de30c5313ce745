"""YAML as people write it: what is there twice is refused, everything else is what the library reads."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from engine.core.documents import RepeatedKey, read_yaml, yaml_error

KEYS = some.one_of(some.text(max_size=5), some.integers(), some.booleans())
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=5)),
    lambda inner: some.one_of(some.lists(inner, max_size=3), some.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)


@given(VALUES, some.booleans())
def test_what_the_library_writes_is_read_as_it_was(values: object, flow: bool) -> None:
    assert read_yaml(yaml.safe_dump(values, default_flow_style=flow)) == values


@given(some.dictionaries(some.from_regex(r"[a-z]{1,4}", fullmatch=True), VALUES, min_size=1, max_size=4), some.data())
def test_any_key_that_comes_again_is_refused_wherever_it_is(values: dict[str, object], data: some.DataObject) -> None:
    again = data.draw(some.sampled_from(sorted(values)))
    text = yaml.safe_dump(values, default_flow_style=False, sort_keys=False) + f"'{again}': null\n"
    nested = "outer:\n- inner:\n" + "".join(f"    {line}\n" for line in text.splitlines())
    for document in (text, nested):
        with pytest.raises(RepeatedKey) as caught:
            read_yaml(document)
        assert yaml_error(caught.value).startswith(f"line {len(document.splitlines())}: '{again}'")


def test_a_merge_may_be_overridden() -> None:
    """That is what it is for: https://yaml.org/type/merge.html."""
    text = "base: &base {commission: 5, slippage: 3}\nmine:\n  <<: *base\n  slippage: 1\n"
    assert read_yaml(text)["mine"] == {"commission": 5, "slippage": 1}


def test_a_list_is_no_key() -> None:
    for text in ("? [a]\n: b\n", "!!map 5", "!!map [a]"):
        with pytest.raises(yaml.YAMLError):
            read_yaml(text)
