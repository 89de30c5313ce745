"""A headless Chromium that tells how long its user waits."""

from __future__ import annotations

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


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by selenium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options)
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
