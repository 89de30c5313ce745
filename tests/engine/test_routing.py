"""Devices of work: measured, pinned, excluded, stale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import devices, routing
from engine.core.errors import DeviceError
from engine.routing import Seconds, Work
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
HERE = ("numpy:cpu", "torch:cpu", "torch:cuda", "mlx:cpu")
WORK = Work("made_up", "Made up", "windows", "torch:cpu", ("torch:cpu", "torch:cuda", "mlx:cpu", "mlx:gpu"))
TIMES: Seconds = {
    10: {"torch:cpu": 1.0, "torch:cuda": 4.0, "mlx:cpu": 2.0, "numpy:cpu": 0.1},
    1_000: {"torch:cpu": 100.0, "torch:cuda": 4.0, "mlx:cpu": 30.0},
}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "expected", lambda: HERE)


def test_without_a_measurement_it_is_the_usual_one() -> None:
    found = routing.route(WORK, 10)
    assert (found.device, found.reason, dict(found.seconds)) == ("torch:cpu", "Nothing is measured here.", {})
    assert math.isnan(found.margin)


@pytest.mark.parametrize(
    ("size", "device", "margin"),
    [(1, "torch:cpu", 2.0), (10, "torch:cpu", 2.0), (100, "torch:cuda", math.sqrt(60) / 4), (10**6, "torch:cuda", 7.5)],
)
def test_it_is_the_fastest_of_those_that_can_by_its_margin(size: int, device: str, margin: float) -> None:
    """Between 10 and 1,000 times are powers of the size: torch takes 10 s of 100, MLX the root of 2 times 30."""
    routing.keep(WORK.name, TIMES, {})
    found = routing.route(WORK, size)
    assert (found.device, found.margin) == (device, pytest.approx(margin))
    assert "numpy:cpu" not in found.seconds


def test_a_device_that_is_wrong_is_not_used_until_it_is_measured_again() -> None:
    routing.keep(WORK.name, TIMES, {})
    routing.exclude(WORK.name, "torch:cuda", "Its gradients differ.")
    assert routing.route(WORK, 1_000).device == "mlx:cpu"
    assert routing.measured(WORK.name).excluded == {"torch:cuda": "Its gradients differ."}
    routing.pin(WORK, "torch:cuda")
    assert "is excluded: Its gradients differ." in routing.route(WORK, 1_000).reason
    routing.keep(WORK.name, TIMES, {})
    assert routing.route(WORK, 1_000).device == "torch:cuda"


def test_what_is_wrong_before_anything_is_measured_is_known_too() -> None:
    routing.exclude(WORK.name, "torch:cuda", "Its gradients differ.")
    assert routing.route(WORK, 10).device == "torch:cpu"
    assert list(routing.measured(WORK.name).excluded) == ["torch:cuda"]


def test_a_pin_is_followed_kept_and_undone() -> None:
    routing.keep(WORK.name, TIMES, {})
    routing.pin(WORK, "mlx:cpu")
    found = routing.route(WORK, 10)
    assert (found.device, found.reason, found.margin) == ("mlx:cpu", "Pinned by hand.", 0.5)
    assert routing.pinned() == {WORK.name: "mlx:cpu"}
    routing.unpin(WORK)
    assert routing.route(WORK, 10).device == "torch:cpu"


@pytest.mark.parametrize(
    ("device", "said"),
    [("mlx:gpu", "No GPU that MLX can use"), ("numpy:cpu", "cannot be pinned"), ("torch:cud", "Did you mean")],
)
def test_a_device_that_cannot_do_it_is_not_pinned(device: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said):
        routing.pin(WORK, device)
    assert not routing.pinned()


def test_a_pinned_device_that_is_gone_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    routing.pin(WORK, "torch:cuda")
    monkeypatch.setattr(devices, "expected", lambda: ("torch:cpu",))
    found = routing.route(WORK, 10)
    assert found.device == "torch:cpu"
    assert "pinned to torch CUDA, which is not on this machine" in found.reason


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"compute_versions": lambda: {"numpy": "0.1"}}, "Measured with "),
        ({"machine": lambda: devices.Machine("M1", 8, 8, 10**10, "macOS", ())}, "another machine or driver"),
    ],
)
def test_what_was_measured_before_a_change_is_stale_and_not_used(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], said: str
) -> None:
    routing.keep(WORK.name, TIMES, {"mlx:cpu": "It failed."})
    monkeypatch.setattr(devices, "fingerprint", lambda: "another")
    for name, value in changed.items():
        monkeypatch.setattr(devices, name, value)
    assert said in routing.measured(WORK.name).stale
    found = routing.route(WORK, 1_000)
    assert (found.device, said in found.reason) == ("torch:cpu", True)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"fingerprint": 1}', '{"fingerprint": "x", "seconds": [], "excluded": {}}']
)
def test_a_damaged_table_counts_as_none(workspace: Workspace, text: str) -> None:
    routing.keep(WORK.name, TIMES, {})
    routing._path(WORK.name).write_text(text, encoding="utf-8")
    assert routing.measured(WORK.name) == routing.Measured()


@given(size=st.integers(1, 10**7))
def test_what_is_expected_lies_between_what_was_measured(size: int) -> None:
    found = routing._expected(TIMES, size, ["torch:cpu", "mlx:cpu", "numpy:cpu"])
    assert 1 <= found["torch:cpu"] <= 100
    assert 2 <= found["mlx:cpu"] <= 30
    assert ("numpy:cpu" in found) == (size <= 10), "it was measured at one size alone"
