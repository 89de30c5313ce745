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

  /* dcc.Graph would tell the last of several reports alone, and the y axes follow x at once. */
  here.brush = function (change, store) {
    const range = here.askedRange(change);
    if (range !== undefined) window.dash_clientside.set_props(store, { data: range });
  };

  here.wholeRun = function (clicks, graph) {
    const plot = document.querySelector('[data-graph="' + graph.graph + '"] .js-plotly-plot');
    if (plot) window.Plotly.relayout(plot, { "xaxis.autorange": true });
    return null;
  };
})();
