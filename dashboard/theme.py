"""Plotly templates made of the same tokens as the style sheet.

Charts are drawn without a template and name colours by token (``var(--gain)``); the browser puts template and colours
in when it draws, so that a change of theme needs no server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

TOKENS_FILE = Path(__file__).parent.parent / "assets" / "10_tokens.css"
SERIES = ("s1", "s2", "s3", "s4", "s5", "s6")
_BLOCK = re.compile(r"(?P<selectors>[^{}/]+)\{(?P<body>[^{}]*)\}")
_TOKEN = re.compile(r"--([\w-]+):\s*([^;]+);")


@cache
def tokens() -> Mapping[str, Mapping[str, str]]:
    """Values of the tokens by theme: "dark", "light", and each with gain and loss swapped ("dark-swapped")."""
    css = re.sub(r"/\*.*?\*/", "", TOKENS_FILE.read_text(encoding="utf-8"), flags=re.DOTALL)
    blocks: dict[str, dict[str, str]] = {}
    for match in _BLOCK.finditer(css):
        for selector in match["selectors"].split(","):
            blocks.setdefault(selector.strip(), {}).update(_TOKEN.findall(match["body"]))
    shared = blocks[":root"]
    themes: dict[str, dict[str, str]] = {}
    for mode in ("dark", "light"):
        plain = {**shared, **blocks[f'[data-bs-theme="{mode}"]']}
        swapped = {"gain": plain["loss"], "loss": plain["gain"]}
        themes |= {mode: plain, f"{mode}-swapped": {**plain, **swapped}}
    return themes


@cache
def themes() -> Mapping[str, Mapping[str, Any]]:
    """``{"template": Plotly template, "tokens": values}`` by theme, as the browser gets them once."""
    return {name: {"template": template(values), "tokens": values} for name, values in tokens().items()}


def template(token: Mapping[str, str]) -> dict[str, Any]:
    """The Plotly template for one set of token values."""
    x_axis, y_axis = _axes(token)
    return {
        "layout": {
            "font": {"family": token["font"], "size": 12, "color": token["text"]},
            # Not transparent: Plotly draws a halo in this colour under the crosshair, which would then be white.
            "paper_bgcolor": token["surface"],
            "plot_bgcolor": token["surface"],
            "colorway": [token[name] for name in SERIES],
            "colorscale": {
                "sequential": sequential(token),
                "sequentialminus": sequential(token)[::-1],
                "diverging": diverging(token),
            },
            "coloraxis": {"colorbar": _colorbar(token)},
            "xaxis": x_axis,
            "yaxis": y_axis,
            "hoverlabel": {
                "bgcolor": token["surface-2"],
                "bordercolor": token["line-strong"],
                "font": {"family": token["font"], "size": 12, "color": token["text"]},
                "align": "left",
                "namelength": 28,
            },
            "legend": {"font": {"color": token["muted"], "size": 12}, "bgcolor": "rgba(0,0,0,0)"},
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": token["faint"],
                "activecolor": token["accent"],
            },
            "annotationdefaults": {
                "font": {"color": token["muted"], "size": 11},
                "arrowcolor": token["muted"],
            },
            "shapedefaults": {"line": {"color": token["line-strong"], "width": 1}},
        },
        "data": _traces(token),
    }


def _axes(token: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What all horizontal axes share, and all vertical ones."""
    axis = {
        "gridcolor": token["line"],
        "griddash": "3px,3px",
        "linecolor": token["line-strong"],
        "zerolinecolor": token["line-strong"],
        "zerolinewidth": 1,
        "tickcolor": token["line-strong"],
        "tickfont": {"color": token["muted"], "size": 11},
        "title": {"font": {"color": token["muted"], "size": 11.5}, "standoff": 6},
        "automargin": True,
    }
    spike = {"spikecolor": token["muted"], "spikethickness": 1, "spikedash": "dot", "spikemode": "across"}
    across = {**axis, "showgrid": False, "showline": True, "zeroline": False, **spike}
    return across, {**axis, "showline": False, "ticks": ""}


def _traces(token: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    up = {"line": {"color": token["gain"], "width": 1}, "fillcolor": token["gain"]}
    down = {"line": {"color": token["loss"], "width": 1}, "fillcolor": token["loss"]}
    return {
        "candlestick": [{"increasing": up, "decreasing": down, "line": {"width": 1}}],
        "ohlc": [{"increasing": {"line": up["line"]}, "decreasing": {"line": down["line"]}}],
        "scatter": [{"line": {"width": 1.6}, "marker": {"line": {"width": 0}}}],
        "bar": [{"marker": {"line": {"width": 0}}, "error_x": _whisker(token), "error_y": _whisker(token)}],
        "heatmap": [{"colorbar": _colorbar(token), "xgap": 1, "ygap": 1}],
        "histogram": [{"marker": {"line": {"width": 0}}}],
    }


def sequential(token: Mapping[str, str]) -> list[list[Any]]:
    """From the surface to the accent: more is more."""
    return [[0.0, token["surface-2"]], [1.0, token["accent"]]]


def diverging(token: Mapping[str, str]) -> list[list[Any]]:
    """Loss, nothing, gain; give the heatmap ``zmid=0``."""
    return [[0.0, token["loss"]], [0.5, token["surface-2"]], [1.0, token["gain"]]]


def _colorbar(token: Mapping[str, str]) -> dict[str, Any]:
    font = {"color": token["muted"], "size": 11}
    return {"thickness": 8, "outlinewidth": 0, "tickfont": font, "title": {"font": font}, "ticks": ""}


def _whisker(token: Mapping[str, str]) -> dict[str, Any]:
    return {"color": token["muted"], "thickness": 1, "width": 3}
