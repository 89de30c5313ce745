"""``stratoscope serve`` with the page that does nothing in place of the workbench's pages."""

from __future__ import annotations

import sys
from functools import partial

from dashboard import app, cli

if __name__ == "__main__":
    app.create_app = partial(app.create_app, pages="tests.benchmarks.pages")  # type: ignore[assignment]
    sys.exit(cli.main(["serve"]))
