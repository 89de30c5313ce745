/* A part of the equity that was dragged over (dashboard/pages/backtest/performance): all figures are of it. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;

  /* A tear sheet in a frame that nobody sees, as the browser's dialogue prints it or saves it as PDF. */
  here.printed = function (sheet) {
    if (!sheet || !sheet.content) return;
    const before = document.getElementById("printed-sheet"), frame = document.createElement("iframe");
    if (before) before.remove();
    Object.assign(frame, { id: "printed-sheet", className: "printed-sheet", title: sheet.title, srcdoc: sheet.content });
    frame.setAttribute("aria-hidden", "true");
    frame.tabIndex = -1;
    frame.onload = () => {
      frame.contentDocument.title = sheet.title.replace(/\.pdf$/, "");
      frame.contentWindow.print();
    };
    document.body.append(frame);
  };

  here.asksSymbol = (benchmark) => benchmark !== "symbol";

  here.brushed = function (change, clicks, now) {
    const no = window.dash_clientside.no_update, context = window.dash_clientside.callback_context;
    const graph = context.inputs_list[0].id.graph;
    if (context.triggered.some((item) => item.prop_id.endsWith(".n_clicks"))) {
      const plot = document.querySelector('[data-graph="' + graph + '"] .js-plotly-plot');
      if (plot) window.Plotly.relayout(plot, { "xaxis.autorange": true });
      return now ? null : no;
    }
    const range = here.askedRange(change);
    if (range === undefined || JSON.stringify(range) === JSON.stringify(now || null)) return no;
    return range;
  };
})();
