"""create_app(config): the Dash application, ready to be served."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dash import Dash, _callback, html
from dash.background_callback.managers import BaseBackgroundCallbackManager
from flask import Response, redirect, request, send_file

from dashboard import alive, handbook, matrix_files, page, series_files, service, shell, uploads
from dashboard.callbacks import import_callbacks
from dashboard.errors import on_error
from dashboard.jobs.access import MANAGER
from dashboard.security import policy, requests
from engine.core.config import Config

ASSETS = Path(__file__).parent.parent / "assets"
_BOOTSTRAP = "vendor/bootstrap.min.css"
_INDEX = """<!DOCTYPE html>
<html lang="en" data-bs-theme="dark">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<script src="/assets/head/theme.js"></script>
<link rel="preload" as="script" href="/_dash-component-suites/plotly/package_data/plotly.min.js">
{%css%}
</head>
<body>
{%app_entry%}
<noscript>Stratoscope needs JavaScript: please enable it for this site.</noscript>
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


def create_app(
    config: Config, manager: BaseBackgroundCallbackManager | None = None, *, pages: str = page.PACKAGE
) -> Dash:
    """The application for ``config``; background callbacks go to ``manager``, pages come from the package ``pages``.

    Every layout has been built once when this returns, so that a page that cannot be laid out fails here. Raises
    ``ConfigError``.
    """
    app = Dash(
        "dashboard",
        title="Stratoscope",
        update_title="",
        assets_folder=str(ASSETS),
        assets_path_ignore=["head"],
        use_pages=True,
        pages_folder="",
        external_stylesheets=[f"/{_BOOTSTRAP}"],
        index_string=_INDEX,
        include_pages_meta=False,
        background_callback_manager=manager,
        suppress_callback_exceptions=False,
        on_error=on_error,
        serve_locally=True,
        compress=not config.is_loopback(),
    )
    app.server.extensions[MANAGER] = manager
    page.register(pages)
    import_callbacks(pages)
    app.layout = shell.layout(page.pages(pages))
    app.server.add_url_rule(f"/{_BOOTSTRAP}", "bootstrap", _bootstrap)
    _prime(app)
    later = [part for item in page.pages(pages) for part in item.later()]
    app.validation_layout = html.Div([app.validation_layout, *later])  # which tests hold the callbacks against
    app.config.suppress_callback_exceptions = True  # each page would else carry that layout, nearly a megabyte
    uploads.register(app.server)
    series_files.register(app.server)
    matrix_files.register(app.server)
    handbook.register(app.server)
    alive.register(app.server)
    service.register(app.server, config)
    policy.secure(app, config)
    requests.guard(app)
    app.server.before_request(_to_first_page(page.pages(pages)))
    return app


def _prime(app: Dash) -> None:
    """Let Dash do now what it does before its first request: build every layout and collect the callbacks.

    Dash empties its list of callbacks into the first app that starts; putting them back lets a process have several.
    """
    callbacks, listed = dict(_callback.GLOBAL_CALLBACK_MAP), list(_callback.GLOBAL_CALLBACK_LIST)
    with app.server.test_request_context("/"):
        app._setup_server()
        for prepare in app.server.before_request_funcs[None]:
            prepare()
    _callback.GLOBAL_CALLBACK_MAP.update(callbacks)
    _callback.GLOBAL_CALLBACK_LIST.extend(listed)


def _bootstrap() -> Response:
    package = find_spec("flask_bootstrap")  # located, not imported: only its files are wanted
    folder = Path(str(package.origin if package else "")).parent / "static" / "bootstrap5" / "css"
    return send_file(folder / "bootstrap.min.css", max_age=86_400)


def _to_first_page(pages: tuple[page.Page, ...]) -> Any:
    def go() -> Any:
        return redirect(pages[0].path) if request.path == "/" and pages and pages[0].path != "/" else None

    return go
