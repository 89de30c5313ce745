/* Zoom and pan of a chart whose bars the server draws (dashboard/components/series_view.py). One request is under way at
   a time: while it is, the latest range waits, so that no gesture ever queues behind another. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const no = () => window.dash_clientside.no_update;
  const PATIENCE = 4000;
  const charts = new Map();
  const of = (graph) => charts.get(graph) || charts.set(graph, { busy: 0, next: null }).get(graph);
  const milliseconds = (value) =>
    typeof value === "number" ? value : Date.parse(String(value).trim().replace(" ", "T") + "Z");

  function plotOf(graph) {
    const card = document.querySelector('[data-graph="' + graph + '"]');
    return card && card.querySelector(".js-plotly-plot");
  }

  /* The range in Plotly's report of a change: null for all, undefined where the report is about something else. */
  function asked(change) {
    if (!change) return undefined;
    if (change["xaxis.autorange"]) return null;
    const ends = change["xaxis.range"] || [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    const range = Array.from(ends).map(milliseconds);
    return range.length === 2 && range.every(Number.isFinite) && range[0] < range[1] ? range : undefined;
  }

  here.askedRange = asked;

  function held(graph, range, subject) {
    const plot = plotOf(graph), full = (plot && plot._fullLayout) || {};
    const zone = (plot && plot.layout && plot.layout.meta && plot.layout.meta.zone) || "UTC";
    return { keep: subject.join(" "), range: range, zone: zone, width: Math.round((full._size || {}).w || 0) };
  }

  /* A chart without a choice of its span is of all of it. */
  here.zoomed = function (drawn, moved, data, symbol, span = "all") {
    const context = window.dash_clientside.callback_context, graph = context.inputs_list[0].id.graph;
    const isMoved = context.triggered.some((item) => item.prop_id.endsWith("-moved.data"));
    const range = asked(isMoved ? moved : drawn), chart = of(graph);
    if (range === undefined) return here.changed(no());
    chart.store = context.outputs_list.id;
    return here.changed(ask(chart, held(graph, range, [data && data.key, symbol, span])) || no());
  };

  function ask(chart, wanted) {
    if (Date.now() - chart.busy < PATIENCE) {
      chart.next = wanted;
      return null;
    }
    chart.busy = Date.now();
    return wanted;
  }

  /* Whether the chart has gone on since the range of the figure that has just arrived was asked for; it is asked for. */
  here.hasMoved = function (graph) {
    const chart = charts.get(graph);
    if (!chart) return false;
    const next = chart.next;
    chart.busy = 0;
    chart.next = null;
    if (!next) return false;
    chart.busy = Date.now();
    window.dash_clientside.set_props(chart.store, { data: next });
    return true;
  };

  /* While the wheel turns Plotly stretches what is drawn, and draws it anew once the wheel has rested: no figure may come
     in between. ``settled`` is a promise of that moment, which a figure waits for; null while nothing turns. */
  const LONGEST = 400;  // milliseconds

  function turning(plot) {
    if (plot.settled) return;
    plot.settled = new Promise((done) => {
      plot.settle = () => { plot.settled = null; done(); };
      setTimeout(plot.settle, LONGEST);
    });
  }

  /* The server is told of a zoom at once. dcc.Graph would do so too, but would draw the same figure again before. A turn
     of the wheel is told as it begins to be drawn, not at the end; a drag, whose end nobody knows, when it is over. */
  here.follow = function (plot, store) {
    let ahead = "";
    const tell = (change) => {
      if (asked(change) !== undefined) window.dash_clientside.set_props(store, { data: { ...change } });
    };
    const turn = (change) => {
      if (plot._dragging || !asked(change)) return;
      ahead = String(asked(change));
      turning(plot);
      tell(change);
    };
    const rest = (change) => {
      if (String(asked(change)) !== ahead) tell(change);
      ahead = "";
      if (plot.settled) plot.settle();
    };
    plot.removeAllListeners("plotly_relayout");
    plot.on("plotly_relayouting", turn);
    plot.on("plotly_relayout", rest);
    plot.on("plotly_doubleclick", () => tell({ "xaxis.autorange": true }));
  };
})();
