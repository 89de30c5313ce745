"""The machine in one line: what it has, and how much of it is in use."""

from __future__ import annotations

import re

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.text.format import count
from engine import devices
from engine.core.sizes import size_text
from engine.machine.load import load


def parts() -> list[Component]:
    """Processor, cores, memory and graphics processors, with the way to the live readings."""
    machine, now = devices.machine(), load()
    name = re.sub(r"\((R|TM|C)\)", "", machine.processor, flags=re.IGNORECASE)
    runnable = "" if now.runnable is None else f", load {now.runnable:.1f}"
    return [
        dcc.Link(html.B(" ".join(name.split())), href="/hardware", title="Live readings"),
        html.Span(["CPU ", html.B(count(machine.cores, "core")), runnable]),
        html.Span(["Memory ", html.B(size_text(now.memory_used)), f" of {size_text(machine.memory)}"]),
        *(html.Span(["GPU ", html.B(gpu)]) for gpu in machine.gpus),
    ]
