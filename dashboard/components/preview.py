"""A run at a glance: its small curve beside holding's, and the chip of its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from engine.research.previews import HEIGHT, Preview

TONES: Mapping[str, str] = {"good": "ok", "doubtful": "warn", "bad": "bad", "": ""}
"""The tone of the chip of each grade."""


def curves(preview: Preview) -> Component:
    """The equity over that of its benchmark, on one logarithmic scale."""
    lines = [_line(preview.own, "own"), _line(preview.held, "held")] if preview.own else []
    return html.Div(lines, className="spark")


def chip(preview: Preview, nothing: str = "not tested") -> Component:
    """The verdict's headline, toned by its worst finding; ``nothing`` where there is none."""
    if not preview.headline:
        return html.Span(nothing, className="chip")
    return html.Span(preview.headline, className=f"chip {TONES[preview.grade]}".strip(), title=preview.reason)


def _line(values: bytes, kind: str) -> Component:
    """One curve, in the colour of its ``kind``."""
    points = " ".join(f"{x},{2 + 26 * (1 - y / HEIGHT):.1f}" for x, y in enumerate(values))
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(values) - 1} 30" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="black" stroke-width="1.3" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    mask = f'url("data:image/svg+xml,{quote(drawn)}")'
    return html.I(className=f"spark-line {kind}", style={"maskImage": mask, "WebkitMaskImage": mask})
