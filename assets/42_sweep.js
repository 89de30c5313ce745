/* The map of a sweep: a click chooses the combination of a cell, a second one at once opens it as a backtest. */
(function () {
  "use strict";
  const MAP = '[data-graph="backtest-sweep-map"] .js-plotly-plot';
  const AT_ONCE = 600;  // milliseconds between two clicks of the hand, however busy the page is
  const listening = new WeakSet();

  function listen(plot) {
    let last = null;
    listening.add(plot);
    plot.on("plotly_click", ({ points, event }) => {
      const { x, y } = points[0], now = { x, y, at: event.timeStamp };
      const isTwice = last && last.x === x && last.y === y && now.at - last.at < AT_ONCE;
      last = isTwice ? null : now;
      const id = JSON.parse(plot.closest('[id*=\'"role":"graph"\']').id);
      if (isTwice) setTimeout(() => window.dash_clientside.set_props(id, { clickData: { points: [{ x, y }], twice: true } }), 0);
    });
  }

  document.addEventListener("mousedown", (event) => {
    const plot = event.target.closest && event.target.closest(MAP);
    if (plot && !listening.has(plot)) listen(plot);
  }, true);
})();
