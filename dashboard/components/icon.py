"""Icons: our own drawings in assets/icons, painted in the colour of the text around them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def icon(name: str, class_name: str = "") -> Component:
    """The drawing ``assets/icons/<name>.svg``; decoration only, what it means must be said in text or a label."""
    url = f"url(/assets/icons/{name}.svg)"
    return html.Span(
        className=f"icon {class_name}".strip(),
        style={"maskImage": url, "WebkitMaskImage": url},
        **{"aria-hidden": "true"},
    )
