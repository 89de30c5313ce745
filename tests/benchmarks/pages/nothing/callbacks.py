"""The background callback that does nothing."""

from dash import Input, Output, callback

from dashboard.jobs.call import POLL_MILLISECONDS


@callback(
    Output("nothing-done", "children"),
    Input("nothing-go", "n_clicks"),
    background=True,
    interval=POLL_MILLISECONDS,
    prevent_initial_call=True,
)
def nothing(clicks: int) -> str:
    return str(clicks)
