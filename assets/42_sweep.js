/* The map of a sweep: a click chooses the combination of a cell, a second one at once opens it as a backtest. */
(function () {
  "use strict";
  const MAP = '[data-graph="backtest-sweep-map"] .js-plotly-plot';
  const listening = new WeakSet();

  function listen(plot) {
    let last = null;
    listening.add(plot);
    plot.on("plotly_click", (event) => (last = { points: event.points.slice(0, 1).map(({ x, y }) => ({ x, y })) }));
    plot.on("plotly_doubleclick", () => {
      if (last) window.dash_clientside.set_props(JSON.parse(plot.closest('[id*=\'"role":"graph"\']').id), { clickData: { ...last, twice: true } });
      last = null;
    });
  }

  document.addEventListener("mousedown", (event) => {
    const plot = event.target.closest && event.target.closest(MAP);
    if (plot && !listening.has(plot)) listen(plot);
  }, true);
})();
