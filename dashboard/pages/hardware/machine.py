"""Description of this machine: for the header, and which devices it has or lacks."""

from __future__ import annotations

import re

from dash import html
from dash.development.base_component import Component

from dashboard import shell
from dashboard.text.format import count
from engine import devices
from engine.core.sizes import size_text


def crumbs() -> list[str]:
    """CPU model, cores, GPUs, memory."""
    machine = devices.machine()
    threads = f", {machine.threads} threads" if machine.threads != machine.cores else ""
    gpus = [re.sub(r" \(driver.*", "", name) for name in machine.gpus]
    return [plain(machine.processor), f"{count(machine.cores, 'core')}{threads}", *gpus, size_text(machine.memory)]


def chips() -> list[shell.Chip]:
    """A chip for each array library, with the processors that it computes on here."""
    found: dict[str, list[str]] = {}
    for name in devices.expected():
        title, processor = devices.NAMES[name].split()
        found.setdefault(title, []).append(processor)
    return [
        shell.Chip(f"{title} {short(devices.library_versions()[title.lower()])} {', '.join(on)}", tone="ok")
        for title, on in found.items()
    ]


def device_lists() -> list[Component]:
    """For each library a list of the devices that it knows: what each is, or why it is not here."""
    expected = devices.expected()
    lists: dict[str, list[Component]] = {}
    for name in devices.NAMES:
        row = _present(name) if name in expected else _absent(name)
        lists.setdefault(name.partition(":")[0], []).append(row)
    return [html.Div(rows) for rows in lists.values()]


def plain(processor: str) -> str:
    """A processor's name without the marks of its maker."""
    return re.sub(r"\s+", " ", re.sub(r"\((R|TM|C)\)", "", processor, flags=re.IGNORECASE)).strip()


def short(version: str) -> str:
    """ "2.13" of "2.13.0+cpu"."""
    return ".".join(version.split("+")[0].split(".")[:2])


def _present(name: str) -> Component:
    library, _, processor = name.partition(":")
    machine = devices.machine()
    device = machine.processor if processor == "cpu" or not machine.gpus else machine.gpus[0]
    text = f"{library} {devices.library_versions()[library]} on {plain(device)}"
    return _row(name, text, html.Span("available", className="chip ok"))


def _absent(name: str) -> Component:
    return _row(name, devices.absence(name), html.Span("unavailable", className="chip"))


def _row(name: str, words: str, mark: Component) -> Component:
    body = html.Div([html.B(devices.NAMES[name]), html.Span(words, className="hint")])
    return html.Div([body, mark], className="job")
