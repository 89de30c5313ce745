"""The tests' own pages in a process of their own: their callbacks must not join those of the workbench's pages."""

from __future__ import annotations

from waitress import create_server

from dashboard.app import create_app
from engine.core.config import settings


def main() -> None:
    """Serve until terminated; prints a line once it listens."""
    config = settings()
    app = create_app(config, pages="tests.support.frame_pages")
    server = create_server(app.server, host=config.server.host, port=config.server.port, threads=8)
    print("listening", flush=True)
    server.run()


if __name__ == "__main__":
    main()
