"""Ids of the components that the frame and its pages share; a page's own ids are strings that start with its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

Id: TypeAlias = dict[str, str]

THEME = "theme"
THEMES = "themes"
TOAST = "toast"
JOBS = "jobs"
JOBS_POLL = "jobs-poll"
JOBS_LIST = "jobs-list"
CONTEXT = "header-context"
UNIVERSE = "universe-chosen"
LOCATION = "_pages_location"  # dash.page_container's own


def field(page: str, path: str) -> Id:
    """The control of one field of a page's form; ``path`` is dotted, as in ``strategy.fast``."""
    return {"role": "field", "page": page, "path": path}


def choice(page: str, path: str) -> Id:
    """The select that names the plug-in at ``path``."""
    return {"role": "choice", "page": page, "path": path}


def draft(page: str) -> Id:
    """Store: what the form says now, ``{"spec", "yaml", "python", "query", "market"}``, or None while it does not
    validate.
    """
    return {"role": "draft", "page": page}


def problems(page: str) -> Id:
    """Store: a sentence, or what is shown in its place, by the path of each field that the last check found wrong."""
    return {"role": "problems", "page": page}


def request(page: str) -> Id:
    """Store: canonical JSON of the spec that the page was opened with."""
    return {"role": "request", "page": page}


def shown(page: str) -> Id:
    """Store: ``{"spec", "tab", "run"}`` that the page is to show in its form and run (``studies.show``)."""
    return {"role": "shown", "page": page}


def run(page: str) -> Id:
    """Store: the latest request, ``{"key", "spec", "query"}``."""
    return {"role": "run", "page": page}


def job(page: str) -> Id:
    """Store: canonical JSON of the spec that the page's background callback is to compute."""
    return {"role": "job", "page": page}


def progress(page: str) -> Id:
    """Store: ``{"fraction", "message", "partial"}`` of the page's running job."""
    return {"role": "progress", "page": page}


def computed(page: str) -> Id:
    """Store: as ``result``, of what the background callback has computed, where a first picture comes with it."""
    return {"role": "computed", "page": page}


def arrived(page: str) -> Id:
    """Store of the page: ``computed``, which reaches it only while the page is there to draw it."""
    return {"role": "arrived", "page": page}


def result(page: str) -> Id:
    """Store: ``{"key", "spec"}`` of the result to draw, or ``{"error": sentence}``."""
    return {"role": "result", "page": page}


def figure(graph: str) -> Id:
    """Store: the figure of a graph, without a template."""
    return {"role": "figure", "graph": graph}


def graph(graph: str) -> Id:
    """The ``dcc.Graph`` itself, filled in the browser from its figure and the theme."""
    return {"role": "graph", "graph": graph}


def part(role: str, page: str, **more: str) -> Id:
    """Any other part of a page's frame."""
    return {"role": role, "page": page, **more}


def study(page: str, tab: str) -> str:
    """The name, in place of a page's, under which a tab of a page runs a spec of its own."""
    return f"{page}-{tab}"


def owner(page: str) -> str:
    """The page that shows what runs under the name ``page``: itself, or that of a study."""
    return page.partition("-")[0]


def dom_id(id_: str | Mapping[str, str]) -> str:
    """The element's ``id`` attribute in the browser, for labels and descriptions."""
    return id_ if isinstance(id_, str) else json.dumps(dict(id_), sort_keys=True, separators=(",", ":"))
