/* A figure of which a few lines differ from the one that is drawn: those alone are drawn anew. Plotly.react would go
   through every trace and axis of the chart again; an animation without duration touches the traces that it is given.
   Where nothing has moved but the points of plain lines (40_points.js) not even that is needed. Whatever else has
   changed, a zoom or another theme, is drawn as a whole. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const AT_ONCE = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
  const TRACE = new Set(["x", "y", "name", "hovertemplate", "customdata"]);
  const LAYOUT = /^(uirevision|yaxis\d*\.range|shapes\[\d+\]\.[xy][01]|annotations\[\d+\]\.text)$/;
  const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function isSame(one, other) {
    if (one === other) return true;
    if (Array.isArray(one)) {
      return Array.isArray(other) && one.length === other.length && one.every((item, index) => isSame(item, other[index]));
    }
    if (!isPlain(one) || !isPlain(other)) return false;
    // An encoded list, in which Plotly keeps what it has read of it.
    if ("bdata" in one) return one.bdata === other.bdata && one.dtype === other.dtype && one.shape === other.shape;
    const names = Object.keys(one);
    return names.length === Object.keys(other).length && names.every((name) => name in other && isSame(one[name], other[name]));
  }

  /* Where two layouts differ, by Plotly's names of the places: of a range as a whole. */
  function differences(before, after, place) {
    if (isSame(before, after)) return {};
    const isList = Array.isArray(before) && Array.isArray(after) && before.length === after.length && isPlain(before[0]);
    if (!isList && !(isPlain(before) && isPlain(after))) return { [place]: after };
    const found = {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const inner = isList ? place + "[" + name + "]" : place ? place + "." + name : name;
      Object.assign(found, differences(before[name], after[name], inner));
    }
    return found;
  }

  /* The places of the traces that differ, in nothing but their points and names; null where they differ in more. */
  function changedTraces(before, after) {
    if (before.length !== after.length) return null;
    const places = after.map((trace, index) => index).filter((index) => !isSame(before[index], after[index]));
    const isPointsAlone = places.every((index) => {
      const changed = Object.keys(differences(before[index], after[index], "")).map((name) => name.split(".")[0]);
      return after[index].type === "scatter" && changed.every((name) => TRACE.has(name));
    });
    return isPointsAlone ? places : null;
  }

  /* Shown as the server means it: an axis that nobody can zoom always is. */
  function isFree(plot) {
    const axis = plot._fullLayout.xaxis;
    return axis && (axis.autorange === true || axis.fixedrange === true);
  }

  function rename(plot, places, traces) {
    for (const index of places) {
      const shown = plot.shownByName && plot.shownByName.get(plot.data[index].name);
      if (shown !== undefined) plot.shownByName.set(traces[index].name, shown);
    }
  }

  /* Whether ``figure``, as the server wrote it, could be drawn over the one before, whose tokens ``resolve`` puts in. */
  here.patched = function (plot, figure, theme, resolve) {
    const last = plot && plot.lastDrawn;
    if (plot) plot.lastDrawn = { figure: figure, theme: theme };
    if (!last || last.theme !== theme || !plot._fullLayout || !isFree(plot)) return false;
    if (plot.classList.contains("dash-graph--pending") || plot._transitioning) return false;
    const places = changedTraces(last.figure.data, figure.data);
    const changed = differences(last.figure.layout, figure.layout, "");
    if (!places || !Object.keys(changed).every((name) => LAYOUT.test(name))) return false;
    const isRenamed = places.some((index) => last.figure.data[index].name !== figure.data[index].name);
    rename(plot, places, figure.data);
    plot.layout.uirevision = figure.layout.uirevision;
    delete changed.uirevision;
    if (!Object.keys(changed).length && here.pointsMoved(plot, places, last.figure.data, figure.data)) {
      plot._fullLayout.uirevision = figure.layout.uirevision;
      if (isRenamed) plot.emit("plotly_afterplot");
      return true;
    }
    const traces = resolve(places.map((index) => figure.data[index]));
    window.Plotly.animate(plot, { data: traces, traces: places }, AT_ONCE)
      .then(() => Object.keys(changed).length && window.Plotly.update(plot, {}, changed))
      .then(() => plot.emit("plotly_afterplot"));
    return true;
  };
})();
