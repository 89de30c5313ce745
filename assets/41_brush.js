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
  here.brush = function (change, store, plot) {
    const range = here.askedRange(change), data = range && { range: range, of: plot._fullLayout.uirevision };
    if (range !== undefined) window.dash_clientside.set_props(store, { data: data });
  };

  /* Charts follow once the figures of the part are on the screen: they take longer than all of these. */
  here.brushedLater = function (words, now, later) {
    if (JSON.stringify(now) === JSON.stringify(later)) return window.dash_clientside.no_update;
    return new Promise((done) => {
      const go = () => done(now);
      window.setTimeout(go, 300);  // in a window that nobody sees there are no frames
      window.requestAnimationFrame(() => window.setTimeout(go, 0));
    });
  };

  /* Buttons of several tabs ask for it; one that comes into the page with its tab was not pressed. */
  here.wholeRun = function (clicks, others, graph) {
    const context = window.dash_clientside.callback_context;
    if (!context.triggered.some((item) => item.value)) return window.dash_clientside.no_update;
    const plot = document.querySelector('[data-graph="' + graph.graph + '"] .js-plotly-plot');
    if (plot) window.Plotly.relayout(plot, { "xaxis.autorange": true });
    return null;
  };
})();
