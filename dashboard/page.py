"""Pages are plug-ins: a folder of ``dashboard/pages`` whose package exposes ``PAGE``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import dash
from dash import html
from dash.development.base_component import Component

from dashboard.components import states
from dashboard.components.static_html import static_html

PACKAGE = "dashboard.pages"


@dataclass(frozen=True)
class Page:
    """One page of the workbench.

    ``layout`` is called with the text of the permalink's ``spec``, or None, and never raises for a text that is
    wrong: the page then opens with its default form and says so. ``icon`` names a drawing in ``assets/icons``.
    ``studies`` are the names (``ids.study``) under which tabs of the page run specs of their own; ``later`` makes what
    is put into the page only when it is opened, for Dash to know its ids. ``layout`` of a page ``with_view`` takes
    the other parameters of the address as well, which say what is in sight. A page ``on_market`` has a form with bars,
    which follow the universe (``universe``). What is not ``in_rail`` is reached by links alone.
    """

    name: str
    path: str
    title: str
    icon: str
    order: int
    layout: Callable[..., Component]
    studies: tuple[str, ...] = ()
    later: Callable[[], list[Component]] = list
    with_view: bool = False
    on_market: bool = False
    in_rail: bool = True

    def serve(self, spec: str | list[str] | None = None, **more: object) -> Component:
        """The layout for a URL's query; parameters that mean nothing here are ignored."""
        query = spec if isinstance(spec, str) else None
        if not self.with_view:
            return static_html(self.layout(query))
        return static_html(self.layout(query, {name: text for name, text in more.items() if isinstance(text, str)}))


@cache
def pages(package: str = PACKAGE) -> tuple[Page, ...]:
    """The pages of ``package``, in the order of the rail."""
    found = [module.PAGE for module in packages(package)]
    return tuple(sorted(found, key=lambda page: (page.order, page.name)))


def packages(package: str = PACKAGE) -> list[ModuleType]:
    """The packages of the pages, by name."""
    root = importlib.import_module(package)
    names = [item.name for item in pkgutil.iter_modules(root.__path__) if item.ispkg]
    return [importlib.import_module(f"{package}.{name}") for name in names]


def register(package: str = PACKAGE) -> None:
    """Tell Dash about the pages; needs an app."""
    dash.page_registry.clear()
    for page in pages(package):
        dash.register_page(
            f"{package}.{page.name}",
            path=page.path,
            name=page.title,
            title=f"{page.title} · Stratoscope",
            order=page.order,
            layout=page.serve,
        )
    dash.register_page("dashboard.not_found_404", path="/404", name="Page not found", layout=_not_found)


def _not_found(**_: object) -> Component:
    return html.Main(
        states.empty("Page not found", "Choose a page in the navigation bar.", symbol="alert"), className="lost"
    )
