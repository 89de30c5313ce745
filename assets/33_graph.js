/* Charts: theme put in here, legend in the card's title line, y axes that follow x, export. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const TOKEN = /^var\(--([\w-]+)(?:\s*\/\s*(\d+(?:\.\d+)?)%)?\)$/;

  function withAlpha(color, percent) {
    const hex = color.match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i);
    if (!hex) return color;
    return "rgba(" + hex.slice(1, 4).map((part) => parseInt(part, 16)).join(",") + "," + percent / 100 + ")";
  }

  function color(text, tokens) {
    const match = TOKEN.exec(text);
    if (!match) return text;
    const value = tokens[match[1]] || text;
    return match[2] === undefined ? value : withAlpha(value, Number(match[2]));
  }

  /* A copy with tokens resolved. Long arrays of numbers, and encoded ones, are shared and not looked through. */
  function resolved(value, tokens) {
    if (typeof value === "string") return value.startsWith("var(") ? color(value, tokens) : value;
    if (Array.isArray(value)) {
      const first = value.find((item) => item !== null), isScale = value.length === 2 && typeof value[1] === "string";
      return typeof first === "number" && !isScale ? value : value.map((item) => resolved(item, tokens));
    }
    if (value && typeof value === "object" && !("bdata" in value)) {
      const copy = {};
      for (const name in value) copy[name] = resolved(value[name], tokens);
      return copy;
    }
    return value;
  }

  const BLANK = {
    data: [],
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: { visible: false },
      yaxis: { visible: false },
    },
  };

  here.draw = function (figure, theme, themes) {
    const context = window.dash_clientside.callback_context, no = window.dash_clientside.no_update;
    if (!theme || !themes) return here.changed(no);
    const id = here.domId(context.outputs_list[0].id), box = document.getElementById(id);
    const plot = box && box.querySelector(".js-plotly-plot");
    if (!figure || !figure.data) return undrawn(plot, figure);
    const isNew = context.triggered.some((item) => item.prop_id.includes('"role":"figure"'));
    // ``drawnOver`` leaves the store as it was.
    figure = !isNew && plot && plot.lastDrawn ? plot.lastDrawn.figure : here.onClock(figure);
    const chosen = themes[theme.mode + (theme.swapped ? "-swapped" : "")];
    const whole = () => drawnIn(id, plot, figure, chosen, context.outputs_list[0].id.graph);
    return plot && plot.settled ? plot.settled.then(whole) : whole();
  };

  function drawnIn(id, plot, figure, chosen, graph) {
    const no = window.dash_clientside.no_update, hasMoved = here.hasMoved(graph);
    if (!hasMoved && here.patched(plot, figure, chosen, (value) => resolved(value, chosen.tokens))) return here.changed(no);
    const drawn = resolved({ data: figure.data, layout: figure.layout || {} }, chosen.tokens);
    drawn.layout.template = chosen.template;
    if (hasMoved) stayThere(plot, drawn);
    keepView(plot, drawn);
    keepShown(plot, drawn);
    attach(id);
    return [drawn, "graph-body", ""];
  }

  /* The next figure is drawn as a whole: there is none to draw it over. */
  function undrawn(plot, figure) {
    if (plot) delete plot.lastDrawn;
    if (!figure) return [window.dash_clientside.no_update, "graph-body is-waiting", ""];
    if (figure.error) return [BLANK, "graph-body is-failed", figure.error];
    return [BLANK, "graph-body is-empty", figure.empty || ""];
  }

  /* Whether ``figure`` could be drawn over the one of its chart, past Dash and past the chart's store. */
  here.drawnOver = function (graph, figure) {
    const card = document.querySelector('[data-graph="' + graph + '"]'), plot = card && card.querySelector(".js-plotly-plot");
    const last = plot && plot.lastDrawn;
    if (!last || !figure || !figure.data) return false;
    if (here.patched(plot, here.onClock(figure), last.theme, (value) => resolved(value, last.theme.tokens))) return true;
    plot.lastDrawn = last;
    return false;
  };

  /* What was hidden or shown by the legend stays so for traces of that name, whatever is drawn next. */
  function keepShown(plot, drawn) {
    const chosen = (plot && plot.shownByName) || new Map();
    for (const trace of drawn.data) if (chosen.has(trace.name)) trace.visible = chosen.get(trace.name);
  }

  /* The zoom outlives a new theme, and new data whose uirevision is the same. Plotly would see to it, but dcc.Graph
     hands it the layout that it has changed itself, and then it takes the zoom for ours. */
  function keepView(plot, drawn) {
    if (!plot || !plot._fullLayout || plot._fullLayout.uirevision !== drawn.layout.uirevision) return;
    for (const name of Object.keys(plot._fullLayout).filter((key) => /^[xy]axis\d*$/.test(key))) {
      const axis = plot._fullLayout[name], next = (drawn.layout[name] = drawn.layout[name] || {});
      const isOurs = name[0] === "y" && plot.dataset["our" + name];
      if (next.range || next.autorange !== undefined || axis.autorange !== false || !axis.range) continue;
      if (name[0] === "x" || isOurs) Object.assign(next, { range: axis.range.slice(), autorange: false });
    }
  }

  /* Where the chart has been moved on while its figure was under way, the part in sight stays. */
  function stayThere(plot, drawn) {
    const axis = plot && plot._fullLayout && plot._fullLayout.xaxis;
    if (axis && axis.range && drawn.layout.xaxis) drawn.layout.xaxis.range = axis.range.slice();
  }

  function attach(id, tries) {
    const box = document.getElementById(id), plot = box && box.querySelector(".js-plotly-plot");
    if (!plot || !plot.on || !plot._fullData) {
      if ((tries || 0) < 100) setTimeout(() => attach(id, (tries || 0) + 1), 50);
      return;
    }
    if (plot.dataset.attached) return;
    plot.dataset.attached = "true";
    plot.on("plotly_afterplot", () => legend(plot));
    plot.on("plotly_relayout", (change) => rescale(plot, change));
    plot.on("plotly_react", () => rescale(plot, null));
    const moved = plot.closest(".graph-card").dataset.follows;
    if (moved) here.follow(plot, moved);
    const brush = plot.closest(".graph-card").dataset.brush;
    if (brush) plot.on("plotly_relayout", (change) => here.brush(change, brush, plot));
    legend(plot);
  }

  /* Legend ------------------------------------------------------------------------------------------------------ */

  function swatch(trace) {
    const line = trace.line && trace.line.color, marker = trace.marker && trace.marker.color;
    const lined = trace.mode ? trace.mode.includes("lines") : trace.type === "scatter";
    const found = lined ? line || trace.fillcolor : marker || line || trace.fillcolor;
    return typeof found === "string" ? found : "currentColor";
  }

  function legend(plot) {
    const place = plot.closest(".graph-card") && plot.closest(".graph-card").querySelector(".legend");
    if (!place) return;
    const named = plot._fullData.filter((trace) => trace.showlegend !== false && (plot.data[trace.index] || {}).name);
    const shown = named.length > 1 ? named : [];
    const key = JSON.stringify(shown.map((trace) => [trace.name, trace.visible, swatch(trace), trace.index]));
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    place.replaceChildren(...shown.map((trace) => legendItem(plot, trace)));
  }

  function legendItem(plot, trace) {
    const item = document.createElement("button"), mark = document.createElement("i");
    const isOn = trace.visible === true;
    const isDotted = trace.line && /dot/.test(trace.line.dash || "");
    mark.style.background = isDotted ? "repeating-linear-gradient(90deg, " + swatch(trace) + " 0 2px, transparent 2px 4px)" : swatch(trace);
    item.type = "button";
    item.title = (isOn ? "Hide " : "Show ") + trace.name;
    item.setAttribute("aria-pressed", String(isOn));
    item.append(mark, trace.name);
    const group = plot._fullData.filter((other) => other === trace || (trace.legendgroup && other.legendgroup === trace.legendgroup));
    const indices = group.map((other) => other.index), next = isOn ? "legendonly" : true;
    item.onclick = () => {
      plot.shownByName = plot.shownByName || new Map();
      for (const other of group) plot.shownByName.set(other.name, next);
      window.Plotly.restyle(plot, { visible: next }, indices);
    };
    return item;
  }

  /* Y follows X ------------------------------------------------------------------------------------------------- */

  function values(trace) {
    if (trace.type === "candlestick" || trace.type === "ohlc") return [trace.low, trace.high];
    if (trace.type === "scatter" || trace.type === "scattergl" || trace.type === "bar") return [trace.y];
    return [];
  }

  function extent(trace, from, to, isLog) {
    let low = Infinity, high = -Infinity;
    const x = trace._x || trace.x || [];
    const anchored = trace.type === "bar" || /^tozero/.test(trace.fill || "");
    for (const list of values(trace)) {
      const size = Math.min((list || []).length, x.length);
      for (let i = 0; i < size; i++) {
        const value = list[i];
        if (value === null || !Number.isFinite(value) || (isLog && value <= 0)) continue;
        const at = typeof x[i] === "number" ? x[i] : Date.parse(String(x[i]).replace(" ", "T") + "Z");
        if (at < from || at > to) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (anchored && !isLog && low <= high) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    return [low, high];
  }

  function rangeOf(plot, yName, from, to, isLog) {
    let low = Infinity, high = -Infinity, grounded = false;
    for (const trace of plot._fullData) {
      if (trace.visible !== true || (trace.yaxis || "y") !== yName) continue;
      const [bottom, top] = extent(trace, from, to, isLog);
      low = Math.min(low, bottom);
      high = Math.max(high, top);
      grounded = grounded || (trace.type === "bar" && !isLog);
    }
    if (low > high) return null;
    if (isLog) [low, high] = [Math.log10(low), Math.log10(high)];
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return [grounded && low >= 0 ? 0 : low - room, grounded && high <= 0 ? 0 : high + room];
  }

  const milliseconds = (value) =>
    typeof value === "number" ? value : Date.parse(String(value).trim().replace(" ", "T") + "Z");

  function rescale(plot, change) {
    const card = plot.closest(".graph-card"), layout = plot._fullLayout;
    if (!card || card.dataset.rescale !== "true" || !layout.xaxis) return;
    if (change && !Object.keys(change).some((name) => /^xaxis\d*\.(range|autorange)/.test(name))) return;
    const isFree = layout.xaxis.autorange === true, isDate = layout.xaxis.type === "date";
    const [from, to] = layout.xaxis.range.map((value) => (isDate ? milliseconds(value) : Number(value)));
    const update = {};
    for (const name of Object.keys(layout).filter((key) => /^yaxis\d*$/.test(key))) {
      const axis = layout[name], wasSet = axis.autorange === true || plot.dataset["our" + name];
      if (!["linear", "log"].includes(axis.type) || !wasSet) continue;
      if (isFree) {
        if (axis.autorange !== true) update[name + ".autorange"] = true;
        delete plot.dataset["our" + name];
        continue;
      }
      const range = rangeOf(plot, axis._id, from, to, axis.type === "log");
      if (!range) continue;
      update[name + ".range"] = range;
      plot.dataset["our" + name] = "true";
    }
    if (Object.keys(update).length) window.Plotly.relayout(plot, update);
  }

  /* Export ------------------------------------------------------------------------------------------------------ */

  /* Named after the chart and the key of the run that it shows, the day where it shows none. */
  function fileName(card) {
    const key = here.keyOf ? here.keyOf(card) : "";
    return "stratoscope-" + card.dataset.graph + "-" + (key ? key.slice(0, 8) : new Date().toISOString().slice(0, 10));
  }

  /* Rows that the legend of a picture takes: its names one after another, each with its piece of line. */
  function legendRows(plot, width) {
    let rows = 1, used = 0;
    for (const trace of plot._fullData.filter((item) => item.showlegend !== false && item.visible === true)) {
      const size = 48 + 7 * String(trace.name || "").length;
      if (used && used + size > width) [rows, used] = [rows + 1, 0];
      used += size;
    }
    return rows;
  }

  function picture(plot, card, format) {
    const style = getComputedStyle(document.documentElement), heading = card.querySelector("header");
    const title = [heading.querySelector("h3"), heading.querySelector(".sub")].map((part) => part.textContent).join("  ");
    const hasLegend = plot._fullData.filter((item) => item.showlegend !== false).length > 1;
    const width = plot.clientWidth || 900, top = 34 + (hasLegend ? 20 * legendRows(plot, width - 60) : 0);
    const layout = Object.assign({}, plot.layout, {
      paper_bgcolor: style.getPropertyValue("--surface").trim(),
      showlegend: hasLegend,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, xanchor: "left", yref: "paper" },
      title: { text: title, x: 0.01, xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 10 }, font: { size: 13 } },
      margin: Object.assign({}, plot.layout.margin, { t: top }),
    });
    const size = { width: width, height: (plot.clientHeight || 400) + top };
    const options = Object.assign({ format: format, filename: fileName(card), scale: format === "png" ? 2 : 1 }, size);
    return window.Plotly.downloadImage({ data: plot.data, layout: layout }, options);
  }

  const cell = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    const text = String(value);
    return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  };

  const moment = (value, isDate) =>
    isDate && typeof value === "number" ? new Date(value).toISOString().replace(/T00:00:00\.000Z$/, "") : value;

  /* What the axes are called: as the figure says in its meta, by their titles, or plainly. */
  function columnNames(plot) {
    const layout = plot._fullLayout || {}, said = (plot.layout && plot.layout.meta && plot.layout.meta.columns) || [];
    const titled = (axis, name) => (axis && axis.title && plot.layout[name] && plot.layout[name].title && axis.title.text) || "";
    return [said[0] || titled(layout.xaxis, "xaxis"), said[1] || titled(layout.yaxis, "yaxis"), said[2]];
  }

  function gridRows(trace, names) {
    const rows = [[names[0] || "column", names[1] || "row", names[2] || trace.name || "value"]];
    trace.z.forEach((line, j) => Array.from(line).forEach((z, i) => rows.push([trace.x ? trace.x[i] : i, trace.y ? trace.y[j] : j, z])));
    return rows;
  }

  function tableRows(traces, isDate, names) {
    const columns = [], rows = new Map();
    traces.forEach((trace, index) => {
      const parts = trace.type === "candlestick" || trace.type === "ohlc" ? ["open", "high", "low", "close"] : ["y"];
      const flat = trace.orientation === "h";
      const x = (flat ? trace.y : trace.x) || [];
      for (const part of parts) {
        const list = flat ? trace.x : trace[part];
        const place = columns.push(parts.length > 1 ? part : trace.name || "series " + (index + 1)) - 1;
        for (let i = 0; i < x.length; i++) {
          if (!rows.has(x[i])) rows.set(x[i], []);
          rows.get(x[i])[place] = list[i];
        }
      }
    });
    const keys = [...rows.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const body = keys.map((key) => [moment(key, isDate), ...columns.map((_, i) => rows.get(key)[i])]);
    const isFlat = traces.some((trace) => trace.orientation === "h");
    return [[isDate ? "time" : names[isFlat ? 1 : 0] || (isFlat ? "name" : "position"), ...columns], ...body];
  }

  here.csv = function (plot) {
    const isDate = ((plot._fullLayout || {}).xaxis || {}).type === "date";
    const grid = plot._fullData.find((trace) => trace.type === "heatmap");
    const isBare = (trace) => trace.mode === "none" || (trace.line || {}).width === 0;
    const isShape = (trace) => trace.hoverinfo === "skip" && isBare(trace);  // drawn of no values of its own
    const traces = plot._fullData.filter((trace) => trace.visible === true && trace.type !== "heatmap" && !isShape(trace));
    const names = columnNames(plot), rows = grid ? gridRows(grid, names) : tableRows(traces, isDate, names);
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  here.download = function (text, name, type) {
    const link = document.createElement("a"), address = URL.createObjectURL(new Blob([text], { type: type }));
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };

  document.addEventListener("click", (event) => {
    const item = event.target.closest("[data-export]");
    if (!item) return;
    const card = item.closest(".graph-card"), plot = card.querySelector(".js-plotly-plot");
    item.closest("details").open = false;
    if (!plot || !plot._fullData || !plot._fullData.length) return here.say("There is nothing to export yet.", "warn");
    const full = item.dataset.export === "csv" && card.dataset.full && document.getElementById(card.dataset.full);
    if (full) return full.click();
    if (item.dataset.export !== "csv") return picture(plot, card, item.dataset.export);
    here.download(here.csv(plot), fileName(card) + ".csv", "text/csv");
  });

  /* A moment after what has just arrived is on the screen; in a window that nobody sees, soon. */
  here.afterPaint = () =>
    new Promise((done) => {
      const go = () => done(Date.now());
      window.setTimeout(go, 500);
      window.requestAnimationFrame(() => window.setTimeout(go, 120));
    });
})();
