"""The tokens: readable in both themes, apart for the colour-blind, and the templates made of them."""

from __future__ import annotations

import json

import plotly.graph_objects as go
import pytest

from dashboard import theme
from dashboard.charts import base

THEMES = tuple(theme.tokens())
SURFACES = ("bg", "surface", "surface-2")
TEXTS = ("text", "muted", "faint", "accent", "gain", "loss", "warn", "bad")


def channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_reads_on_every_surface(name: str, text: str) -> None:
    token = theme.tokens()[name]
    for surface in SURFACES:
        assert contrast(token[text], token[surface]) >= 4.5, (text, surface)


@pytest.mark.parametrize("name", THEMES)
def test_lines_stand_out_from_the_surface(name: str) -> None:
    token = theme.tokens()[name]
    for series in theme.SERIES:
        assert contrast(token[series], token["surface"]) >= 3.0, series


@pytest.mark.parametrize("name", THEMES)
def test_the_borders_of_controls_stand_out(name: str) -> None:
    """Criterion 1.4.11 of WCAG 2.2."""
    token = theme.tokens()[name]
    for surface in SURFACES:
        assert contrast(token["control"], token[surface]) >= 3.0, surface


@pytest.mark.parametrize("name", THEMES)
def test_the_run_button_reads(name: str) -> None:
    token = theme.tokens()[name]
    assert contrast(token["on-accent"], token["accent"]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("end", ["gain", "loss", "accent"])
def test_printed_numbers_read_on_their_heatmap(name: str, end: str) -> None:
    token, share = theme.tokens()[name], base.PALE / 100
    pairs = zip(channels(token[end]), channels(token["surface"]), strict=True)
    cell = "#" + "".join(f"{round(255 * (b + share * (a - b))):02x}" for a, b in pairs)
    for background in (cell, token["surface-2"]):
        assert contrast(token["text"], background) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_what_is_selected_reads_on_its_tint(name: str) -> None:
    token = theme.tokens()[name]
    share = float(token["accent-soft"].rstrip(")").split(",")[-1])
    for surface in ("surface", "bg"):
        mixed = [b + share * (a - b) for a, b in zip(channels(token["accent"]), channels(token[surface]), strict=True)]
        tint = "#" + "".join(f"{round(255 * channel):02x}" for channel in mixed)
        assert contrast(token["accent"], tint) >= 4.5, surface


def seen_without_red_cones(color: str) -> tuple[float, float]:
    """Luminance and blue-yellow position for a protanope, roughly: what is left to tell two colours apart."""
    red, green, blue = channels(color)
    return 0.1 * red + 0.9 * green, blue


@pytest.mark.parametrize("name", THEMES)
def test_gain_and_loss_are_apart_without_red_and_green(name: str) -> None:
    token = theme.tokens()[name]
    gain, loss = (seen_without_red_cones(token[item]) for item in ("gain", "loss"))
    assert abs(gain[0] - loss[0]) + abs(gain[1] - loss[1]) >= 0.25


def test_swapping_exchanges_gain_and_loss_and_nothing_else() -> None:
    plain, swapped = theme.tokens()["dark"], theme.tokens()["dark-swapped"]
    assert (plain["gain"], plain["loss"]) == (swapped["loss"], swapped["gain"])
    assert {name for name in plain if plain[name] != swapped[name]} == {"gain", "loss"}


def test_the_style_sheet_swaps_as_the_templates_do() -> None:
    css = theme.TOKENS_FILE.read_text(encoding="utf-8")
    for mode, selector in (
        ("dark", '\n[data-pnl="swapped"]'),
        ("light", '[data-bs-theme="light"][data-pnl="swapped"]'),
    ):
        block = css.split(f"{selector} {{")[1].split("}")[0]
        token = theme.tokens()[f"{mode}-swapped"]
        assert f"--gain: {token['gain']};" in block
        assert f"--loss: {token['loss']};" in block


@pytest.mark.parametrize("name", THEMES)
def test_templates_are_what_plotly_accepts(name: str) -> None:
    made, token = theme.themes()[name]["template"], theme.tokens()[name]
    figure = go.Figure(data=[go.Scatter(y=[1, 2])], layout={"template": made})
    assert figure.layout.template.layout.colorway == tuple(token[series] for series in theme.SERIES)
    assert figure.layout.template.data.candlestick[0].increasing.line.color == token["gain"]
    assert figure.layout.template.data.candlestick[0].decreasing.line.color == token["loss"]
    assert figure.layout.template.layout.paper_bgcolor == token["surface"]


def test_the_browser_gets_them_in_a_few_kilobytes() -> None:
    assert len(json.dumps(dict(theme.themes()))) < 40_000
