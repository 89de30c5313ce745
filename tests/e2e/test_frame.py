"""The frame in a browser: form, permalink, theme and chart, on a page of its own, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.e2e.visitor import Visitor, dom_id
from tests.support.workbench import Server, server

pytestmark = pytest.mark.e2e
PLOT = "const plot = document.querySelector('.js-plotly-plot');"
FROM = dom_id(role="field", page="frame", path="start")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("frame"), ("-m", "tests.support.frame_server")) as running:
        yield running


@pytest.fixture
def frame(pages: Server, dash_br: Any) -> Iterator[Visitor]:
    """A visitor of the test's own pages."""
    visitor = Visitor(dash_br, pages.address)
    yield visitor
    assert not visitor.complaints()


def draw(visitor: Visitor) -> None:
    visitor.open("/frame")
    visitor.sees("Press Draw.")
    visitor.press_run("frame")
    visitor.sees_trace("frame-chart", "Candles")
    visitor.until("return document.querySelectorAll('.legend button').length === 2", "the legend")


def axis(visitor: Visitor, name: str) -> list[Any]:
    return list(visitor.js(f"{PLOT} return plot._fullLayout.{name}.range"))


def test_nothing_is_drawn_before_it_is_asked_for(frame: Visitor) -> None:
    draw(frame)
    frame.wait_for(lambda: "Press Draw." not in frame.text(), "the hint gone")
    frame.sees("NVDA")
    frame.until("return document.querySelectorAll('#frame-kpis .v').length === 2", "two key figures")
    frame.until("return !!document.querySelector('.grid .ag-cell.gain, .grid .ag-cell.loss')", "a toned cell")


def test_components_hear_of_their_own_values_alone(frame: Visitor) -> None:
    draw(frame)
    told = """
    const [store] = window.dash_stores, finish = arguments[arguments.length - 1];
    let told = 0;
    const leave = store.subscribe(() => { told += 1; });
    store.dispatch({type: 'NOTHING'});
    const ofNothing = told;
    window.dash_clientside.set_props(arguments[0], {hidden: false});
    const ofValues = told;
    store.dispatch({type: 'LOADING', payload: []});
    setTimeout(() => { leave(); finish([ofNothing, ofValues > 0]); }, 100);
    """
    assert frame.driver.execute_async_script(told, "frame-kpis") == [0, True]


def test_control_and_enter_run(frame: Visitor) -> None:
    frame.open("/frame")
    frame.sees("Press Draw.")
    ActionChains(frame.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    frame.sees_trace("frame-chart", "Candles")


def test_a_wrong_value_is_marked_and_found(frame: Visitor) -> None:
    frame.open("/frame")
    frame.sees("about")
    frame.fill("frame", "start", "2023-01-01")
    frame.fill("frame", "end", "2022-01-01")
    frame.sees("ends (2022-01-01) before it starts")
    frame.fill("frame", "end", "2023-06-01")
    frame.until("return ![...document.querySelectorAll('[role=alert]')].some(item => item.textContent)", "no problem")


def test_the_permalink_and_the_rail_remember(frame: Visitor) -> None:
    draw(frame)
    first = frame.link()
    frame.fill("frame", "start", "2022-01-03")
    frame.press_run("frame")
    frame.until(f"{PLOT} return plot.data[0].x && plot._fullData[0].x[0] > Date.UTC(2022, 0, 1)", "the range")
    link = frame.link(other_than=first)
    frame.click(role="rail", page="other")
    frame.sees("Else")
    frame.click(role="rail", page="frame")
    frame.sees_trace("frame-chart", "Candles")
    frame.wait_for(lambda: frame.driver.current_url == link, "the same link")
    frame.wait_for(lambda: frame.value("frame", "start") == "2022-01-03", "the form as it was")
    frame.open("/other")
    frame.sees("Else")
    frame.wait_for(lambda: frame.js("return document.querySelector('.rail-link').search"), "the remembered link")
    frame.click(role="rail", page="frame")
    frame.sees_trace("frame-chart", "Candles")
    frame.wait_for(lambda: frame.driver.current_url == link, "the same link again")
    frame.open("/frame?spec=broken")
    frame.sees("This link is damaged")


def test_y_follows_x_and_a_change_of_theme_keeps_the_zoom(frame: Visitor) -> None:
    draw(frame)
    whole = axis(frame, "yaxis")
    plot = frame.driver.find_element("css selector", ".js-plotly-plot .nsewdrag")
    width = plot.size["width"]
    hand = ActionChains(frame.driver).move_to_element(plot).move_by_offset(-int(width * 0.45), 0)
    hand.click_and_hold().move_by_offset(int(width * 0.2), 0).move_by_offset(int(width * 0.1), 2).release().perform()
    frame.wait_for(lambda: axis(frame, "yaxis")[1] < whole[1] / 2, "y to follow")
    zoomed = axis(frame, "xaxis")
    high = axis(frame, "yaxis")[1]
    ink = frame.js(f"{PLOT} return plot._fullLayout.font.color")
    frame.click(id="theme-button")
    frame.until(f"{PLOT} return plot._fullLayout.font.color !== arguments[0]", "the other ink", ink)
    frame.wait_for(lambda: abs(axis(frame, "yaxis")[1] - high) < high / 100, "y as it was")
    frame.wait_for(lambda: axis(frame, "xaxis") == zoomed, "x as it was")

    def is_whole() -> bool:
        """On a busy machine two clicks may come too far apart to be one double click."""
        if abs(axis(frame, "yaxis")[1] - whole[1]) > 1:
            ActionChains(frame.driver).move_to_element(plot).double_click().pause(1).perform()
        return bool(abs(axis(frame, "yaxis")[1] - whole[1]) < 1)

    frame.wait_for(is_whole, "everything again")


def test_gain_and_loss_change_places_everywhere(frame: Visitor) -> None:
    draw(frame)
    colours = f"{PLOT} const full = plot._fullData; return [full[0].increasing.line.color, full[1].line.color]"
    gain, loss = frame.js(colours)
    frame.click(id="swap-button")
    frame.until(f"{colours}[0] === arguments[0]".replace("return [", "return ["), "the swap", loss)
    frame.wait_for(lambda: frame.js(colours) == [loss, gain], "both colours")
    token = "return getComputedStyle(document.documentElement).getPropertyValue('--gain').trim()"
    frame.wait_for(lambda: frame.js(token) == loss, "the page's colour")
    frame.open("/frame")
    frame.wait_for(lambda: frame.js(token) == loss, "the colour after a reload")
    frame.click(id="swap-button")


def test_what_is_exported_is_what_is_drawn(frame: Visitor) -> None:
    draw(frame)
    lines = frame.js(f"{PLOT} return dash_clientside.stratoscope.csv(plot)").split("\r\n")
    assert lines[0] == "time,open,high,low,close,Close"
    day, _, high, low, close, line = lines[1].split(",")
    assert len(day) == 10
    assert float(low) <= float(close) <= float(high)
    assert abs(float(line) - float(close)) < 1e-4


def test_the_legend_hides_and_shows(frame: Visitor) -> None:
    draw(frame)
    hide = "document.querySelectorAll('.legend button')[1].click()"
    frame.js(hide)
    frame.until(f"{PLOT} return plot._fullData[1].visible === 'legendonly'", "a hidden line")
    frame.until("return document.querySelectorAll('.legend button')[1].ariaPressed === 'false'", "a released key")
    frame.js(hide)
    frame.until(f"{PLOT} return plot._fullData[1].visible === true", "the line again")


def test_the_settings_of_a_narrow_page_fold_away(frame: Visitor) -> None:
    frame.driver.set_window_size(768, 900)
    frame.open("/frame")
    frame.sees("Press Draw.")
    shown = "return document.getElementById(arguments[0]).checkVisibility({contentVisibilityAuto: true})"
    assert frame.js(shown, FROM) is True
    frame.driver.find_element("css selector", ".panel-toggle").click()
    frame.wait_for(lambda: frame.js(shown, FROM) is False, "the settings hidden")
    frame.driver.find_element("css selector", ".panel-toggle").click()
    frame.wait_for(lambda: frame.js(shown, FROM) is True, "the settings again")
    draw(frame)
    cut = """
        const sub = document.querySelector('.graph-card:has(.legend button) .sub');
        sub.textContent = '2,318 combinations each, of which some were drawn a second time';
        return sub.scrollWidth > sub.clientWidth;
    """
    assert frame.js(cut) is False, "words beside a legend take a line of their own"
    frame.driver.set_window_size(1280, 900)


@pytest.mark.parametrize("width", [1280, 768])
def test_nothing_is_wider_than_the_window(frame: Visitor, width: int) -> None:
    frame.driver.set_window_size(width, 900)
    draw(frame)
    assert frame.js("return document.documentElement.scrollWidth <= window.innerWidth")
    panel = "const panel = document.querySelector('.fields');"
    assert frame.js(f"{panel} return panel.scrollWidth <= panel.clientWidth"), "the form does not scroll sideways"
    frame.driver.set_window_size(1280, 900)
