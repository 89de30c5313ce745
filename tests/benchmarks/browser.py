"""A headless Chromium that tells how long its user waits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
]


CLOCK = "America/New_York"
"""The clock of the browser: not that of the bars, so that a chart which follows it is found out."""


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by selenium, with another clock than the bars have."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(env={**os.environ, "TZ": CLOCK}))
    driver.set_script_timeout(120)
    try:
        yield driver
    finally:
        driver.quit()


AFTER = """
const [act, done, finish] = [new Function(arguments[0]), new Function(arguments[1]), arguments[arguments.length - 1]];
const start = performance.now(), limit = start + 110000;
act();
const look = () => {
  if (done()) requestAnimationFrame(() => finish(performance.now() - start));
  else if (performance.now() > limit) finish(-1);
  else setTimeout(look, 4);
};
look();
"""


def milliseconds(driver: Any, act: str, done: str) -> float:
    """Time in the page from running the script ``act`` until the expression in ``done`` (a return) holds, painted."""
    elapsed = float(driver.execute_async_script(AFTER, act, done))
    if elapsed < 0:
        raise TimeoutError(f"Nothing came of: {act}")
    return elapsed
