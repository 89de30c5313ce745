/* Plotly reads a number on a date axis by the browser's own clock: it moves points by the offset of that clock
   (axes/set_convert.js: "as (local) ms") and writes ranges, shapes and notes in its hours (lib/dates.js: ms2DateTimeLocal).
   West of Greenwich each daily bar would stand on the day before. Times are drawn on the clock that the chart names, so
   nothing may move the points (nothing else here asks for that offset), and the rest is handed over as text. */
(function () {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const here = (clientside.stratoscope = clientside.stratoscope || {});
  Date.prototype.getTimezoneOffset = () => 0;

  const text = (value) => (typeof value === "number" ? new Date(value).toISOString().replace("T", " ").replace("Z", "") : value);

  function onAxis(item, axes) {
    if (!axes.has(item.xref || "x")) return item;
    const moments = Object.entries(item).filter(([name]) => ["x", "x0", "x1"].includes(name));
    return { ...item, ...Object.fromEntries(moments.map(([name, value]) => [name, text(value)])) };
  }

  /* ``figure`` with the moments of its layout as text. */
  here.onClock = function (figure) {
    const layout = { ...figure.layout }, names = Object.keys(layout).filter((name) => /^xaxis\d*$/.test(name));
    const dates = names.filter((name) => layout[name].type === "date"), axes = new Set(dates.map((name) => "x" + name.slice(5)));
    for (const name of dates) {
      if (Array.isArray(layout[name].range)) layout[name] = { ...layout[name], range: layout[name].range.map(text) };
    }
    for (const list of ["shapes", "annotations"]) {
      if (layout[list] && dates.length) layout[list] = layout[list].map((item) => onAxis(item, axes));
    }
    return { ...figure, layout: layout };
  };
})();
