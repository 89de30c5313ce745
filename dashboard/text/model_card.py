"""The card of a model as Markdown: for people, and beside the model's file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboard.text.format import MISSING, duration, number, percent
from dashboard.text.model_scores import TITLES, shown
from engine.models.service.card import Card

Facts = Sequence[tuple[str, str]]


def markdown(card: Card, name: str) -> str:
    """The whole card of the model ``name``."""
    return "\n".join([f"# {name}", "", card.use(), "", *_sections(card)]) + "\n"


def facts(card: Card) -> dict[str, Facts]:
    """What is known of the model, by section."""
    return {"Training": _training(card), "Data": _data(card), "Provenance": _provenance(card)}


def scores(card: Card) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the scores, beside the baselines."""
    names = [name for name in card.scores if name in TITLES]
    rows = [
        [TITLES[name], shown(name, card.scores[name]),
         *(shown(name, line.get(name)) for line in card.baselines.values())]
        for name in names
    ]  # fmt: skip
    return ["Score", "Model", *card.baselines], rows


def band(card: Card) -> str:
    """The null band of the main score, in words."""
    if card.null_band is None:
        return "not compared with null models"
    low, high = (shown(card.headline, value) for value in card.null_band)
    return f"{TITLES.get(card.headline, card.headline)} of null models {low} to {high}, p {number(card.p_value, 2)}"


def members(found: Sequence[tuple[str, float]]) -> str:
    """The parts of a model with what each counts."""
    return ", ".join(f"{name} {percent(share)}" for name, share in found)


def _training(card: Card) -> Facts:
    rows = ", ".join(f"{value:,} {name}" for name, value in card.rows.items())
    return (
        ("Trained on", f"{card.train_start[:10]} to {card.train_end[:10]}" + (", refitted" if card.refitted else "")),
        ("Split", card.split),
        ("Rows", rows),
        ("Folds", f"{card.folds}"),
        *((("Members", members(card.members)),) if card.members else ()),
        *card.about,
        ("Seed", f"{card.seed}"),
        ("Device", f"{card.device}, {card.reproducibility}"),
        ("Trained", card.trained[:16].replace("T", " ") + " UTC" if card.trained else MISSING),
        ("Duration", duration(card.seconds)),
        ("Models tried", f"{card.trials:,} of this kind on these symbols, this one included"),
        ("In time", "yes" if card.in_time else "no"),
    )


def _data(card: Card) -> Facts:
    return (
        ("Symbols", ", ".join(card.symbols)),
        ("Collection", card.collection),
        ("Interval", card.interval),
        ("Time zone", card.timezone or MISSING),
        ("Features", ", ".join(card.features)),
        *((f"Digest, {_symbol(name, card)}", digest[:16]) for name, digest in sorted(card.data.items())),
    )


def _symbol(name: str, card: Card) -> str:
    """A series without what the card says anyway; its parts are separated by tabs."""
    return name.replace("\t", " ").removeprefix(f"{card.collection} ").removesuffix(f" {card.interval}")


def _provenance(card: Card) -> Facts:
    libraries = ", ".join(f"{name} {version}" for name, version in card.libraries.items())
    return (("Run", card.run), ("Code", card.code[:16]), ("Libraries", libraries), ("Machine", card.machine))


def _sections(card: Card) -> Iterator[str]:
    heads, rows = scores(card)
    yield from ("## Scores out of sample", "", f"{band(card)}.", "", *_table(heads, rows), "", "## Caveats", "")
    yield from (f"- {text}" for text in card.caveats())
    for title, found in facts(card).items():
        yield from ("", f"## {title}", "")
        yield from (f"- {name}: {text}" for name, text in found)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
