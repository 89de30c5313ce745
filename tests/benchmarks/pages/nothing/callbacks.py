"""The background callback that does nothing."""

from dash import Input, Output, callback

from dashboard import jobs


@callback(
    Output("nothing-done", "children"),
    Input("nothing-go", "n_clicks"),
    background=True,
    interval=jobs.POLL_MILLISECONDS,
    prevent_initial_call=True,
)
def nothing(clicks: int) -> str:
    return str(clicks)
