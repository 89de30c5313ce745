"""The axes in a study's form follow the request in the page's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ALL, Input, Output, State, callback
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.axes_form.form import AxesForm

Found = Sequence[Mapping[str, str]]


def wire(form: AxesForm) -> None:
    """Register the callbacks of the axes of ``form``.

    The axes are an output and not set on the side: only then does Dash check the form again once they are there.
    """
    wired, page = Axes(form), form.page
    fields = {"role": "field", "page": page, "path": ALL}
    base, axes = Input(ids.field(page, form.base), "value"), ids.part("list", page, path="axes")
    values = [State(fields, "id"), State(fields, "value")]
    callback(
        Output(axes, "children", allow_duplicate=True),
        base,
        *values,
        prevent_initial_call=True,
    )(wired.follow)
    callback(
        Output(ids.part("add", page, path="axes"), "options"),
        base,
        Input(axes, "children"),
        *values,
    )(wired.offer)


@dataclass(frozen=True)
class Axes:
    """The callbacks of one form."""

    form: AxesForm

    def follow(self, base: str | None, found: Found, entered: Sequence[Any]) -> list[Component]:
        """Another strategy or model has other parameters and bounds: see ``AxesForm.fitting``."""
        values = self.form.collect(found, entered)
        axes = self.form.fitting(values["axes"], values.get(self.form.base))
        if axes is None:
            raise PreventUpdate
        return self.form.axes(axes, values[self.form.base])

    def offer(self, base: str | None, _: Any, found: Found, entered: Sequence[Any]) -> list[dict[str, str]]:
        """What is not an axis yet."""
        values = self.form.collect(found, entered)
        used = [axis.get("path") for axis in values["axes"]]
        offered = self.form.axis_offers(values.get(self.form.base))
        return self.form.to_add([item for item in offered if item.path not in used])
