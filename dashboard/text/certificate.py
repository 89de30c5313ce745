"""The certificate of an exported graph, in words."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.text.format import MISSING
from dashboard.text.model_scores import TITLES, shown
from engine.models.export.certificate import Certificate

FORMS = {"model": "Model", "onnx": "ONNX", "int8": "ONNX, int8"}


def forms(found: Certificate) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: the model and its graphs, each with its score and size."""
    title = TITLES.get(found.headline, found.headline)
    rows = [
        [FORMS[name], _score(found, name), f"{size / 1000:,.1f} kB", found.hashes[name][:16]]
        for name, size in found.sizes.items()
    ]
    return ["", title, "Size", "sha256"], rows


def facts(found: Certificate) -> Sequence[tuple[str, str]]:
    """How the graph is asked, and what it was written by."""
    shape = "rows × features" if found.window == 1 else f"rows × {found.window} bars × features"
    said = "a number a row" if not found.classes else f"probability of {found.classes[-1]}, a row"
    if found.task == "multiclass":
        said = f"probabilities of {', '.join(found.classes)}, a row"
    worst = f"{found.worst_symbol} {found.worst_time[:10]}: {found.worst_model:.8g}, {found.worst_graph:.8g}"
    return (
        ("Input", f"features, float64, {shape}"),
        ("Features", ", ".join(found.features)),
        ("Processors within", ", ".join(found.processors_within) or "none"),
        ("Output", f"prediction, {said}"),
        ("Worst row", worst),
        ("Opset", f"{found.opset}, and 3 of ai.onnx.ml"),
        ("Written by", ", ".join(f"{name} {version}" for name, version in found.libraries.items())),
    )


def lines(found: Certificate) -> list[str]:
    """All of it for a terminal."""
    title = TITLES.get(found.headline, found.headline)
    told = [
        f"{FORMS[name]}: {title} {_score(found, name)}, {size / 1000:,.1f} kB" for name, size in found.sizes.items()
    ]
    return [*found.sentences(), *told]


def _score(found: Certificate, name: str) -> str:
    score = found.scores.get(name)
    return MISSING if score is None else shown(found.headline, score)
