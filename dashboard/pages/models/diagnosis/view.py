"""A diagnosis of a network as the page prints it."""

from __future__ import annotations

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.pages.models.evaluation import table
from dashboard.text.format import MISSING, count, duration, number
from engine import devices
from engine.core.sizes import size_text
from engine.models.diagnosis.result import FrameworkRun, NetworkDiagnosis, Parity

OUTPUTS, GRADIENTS = 1e-5, 1e-4
"""The largest differences between frameworks that rounding explains."""


def checks(found: NetworkDiagnosis) -> Component:
    """The verdict, the checks behind it, and a sentence for each thing that is wrong."""
    weak, strong = float(found.gradients.min()), float(found.gradients.max())
    rows = [
        ("Overfits one batch", f"loss {found.loss_before:.3g} → {found.loss_after:.3g}", found.overfits,
         "A network that cannot memorise thirty rows will not learn thousands: something is broken."),
        ("Gradients reach every layer", f"{weak:.1e} … {strong:.1e}", found.gradients_reach,
         "Norms of the first gradients, the smallest and the largest layer."),
        ("Shapes", f"{_sides(found.shape)} → {_sides(found.scores)}", True,
         "Windows, bars and features of a batch, and its outputs."),
        ("Weights", f"{found.weights:,} for {count(found.windows, 'window')}", found.weights <= found.windows,
         "More weights than windows can memorise every label: stop early, or use fewer units."),
    ]  # fmt: skip
    lines = [_finding(*row) for row in rows]
    said = "This network can be trained." if not found.problems else "Resolve this before a long training run."
    notes = [html.P(text, className="note") for text in found.problems]
    return html.Div([html.P(html.B(said), className="say"), *lines, *notes], className="verdict")


def _finding(name: str, value: str, good: bool, hint: str) -> Component:
    dot = html.Span(className=f"dot {'ok' if good else 'warn'}", role="img", **{"aria-label": "ok" if good else "look"})
    return html.Div([dot, html.Span(name, title=hint), html.B(value)], className="finding")


def layers(found: NetworkDiagnosis) -> Component:
    """The trained weights with the norms of their first gradients."""
    rows = [
        [name, shape, f"{gradient:.2e}"]
        for name, shape, gradient in zip(found.layers, found.shapes, found.gradients.tolist(), strict=True)
    ]
    return table(("Weights", "Shape", "First gradient"), rows)


def frameworks(found: NetworkDiagnosis) -> list[Component]:
    """Both frameworks beside one another, and which to use here; a hint where they were not compared."""
    if not found.frameworks or found.parity is None:
        hint = "Switch on torch against MLX above to train the same network in both."
        return [html.P(hint, className="hint")]
    heads = ("", "Device", "An epoch", "Memory added", "Loss afterwards")
    listed = table(heads, [_framework(run) for run in found.frameworks])
    problems = [html.P(run.problem, className="note") for run in found.frameworks if run.problem]
    lines = [html.P(text, className="hint") for text in (advice(found), *_parity(found.parity))]
    return [listed, html.Div([*lines, *problems], className="verdict pad")]


def advice(found: NetworkDiagnosis) -> str:
    """Which framework to use here, in a sentence."""
    able = sorted((run for run in found.frameworks if not run.problem), key=lambda run: run.seconds)
    if len(able) < 2:
        return f"Use {_name(able[0])} here: the other cannot train it." if able else "Neither can train it here."
    times = able[1].seconds / able[0].seconds
    if times < 1.2:
        return f"Either will do here: they are about as fast on {count(found.compared_rows, 'row')}."
    return (
        f"Use {_name(able[0])} here: it is {times:.1f} times as fast as {_name(able[1])} on "
        f"{count(found.compared_rows, 'row')}."
    )


def _parity(parity: Parity) -> list[str]:
    if not np.isfinite([parity.outputs, parity.gradients]).all():
        return []
    within = parity.outputs <= OUTPUTS and parity.gradients <= GRADIENTS
    said = "Both compute the same" if within else "They differ by more than rounding"
    return [
        f"{said}: with the same weights outputs differ by {parity.outputs:.0e} at most ({OUTPUTS:.0e} allowed), "
        f"gradients by {parity.gradients:.0e} of the largest ({GRADIENTS:.0e} allowed). A model that one has trained "
        f"predicts in the other."
    ]


def _framework(run: FrameworkRun) -> list[object]:
    known = not run.problem
    device = devices.NAMES.get(f"{run.framework}:{run.device}", run.device)
    return [
        html.B(_name(run)),
        device,
        duration(run.seconds) if known else MISSING,
        size_text(run.megabytes * 1e6) if known else MISSING,
        number(run.loss, 4) if known else MISSING,
    ]


def _name(run: FrameworkRun) -> str:
    return {"torch": "torch", "mlx": "MLX"}[run.framework]


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape)
