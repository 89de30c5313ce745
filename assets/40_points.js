/* Lines of a chart that stays as it is but for their points and names: these are put where Plotly keeps them, and its own
   hand draws them. Plotly.animate would look at every setting of the chart again first, which takes three times as long,
   and the charts of live readings change each second. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const ARRAYS = {
    u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array,
  };
  const CHANGING = new Set(["x", "y", "name"]);
  const isPlain = (trace) => trace.type === "scatter" && trace.mode === "lines" && !trace.stackgroup && !trace.text && !trace.customdata;

  /* The numbers of a list as they travel, or null for what is none. */
  function numbers(list) {
    if (Array.isArray(list)) return list.every((item) => item === null || typeof item === "number") ? list : null;
    if (!list || !(list.dtype in ARRAYS) || "shape" in list) return null;
    if (!list._inputArray) {  // where Plotly keeps what it has read
      const bytes = Uint8Array.from(window.atob(list.bdata), (letter) => letter.charCodeAt(0));
      list._inputArray = new ARRAYS[list.dtype](bytes.buffer);
    }
    return list._inputArray;
  }

  /* Axes that stay where they are, and on which a number is what Plotly works with (27_clock.js). Of an x axis that spans
     its points the ends of the line stay. */
  function standStill(plot, trace, x, before) {
    const layout = plot._fullLayout, across = layout[name("xaxis", trace.xaxis)], up = layout[name("yaxis", trace.yaxis)];
    const isSpanned = () => before && before.length && x[0] === before[0] && x[x.length - 1] === before[before.length - 1];
    return across && up && up.autorange === false && ["linear", "log"].includes(up.type) && ["linear", "date"].includes(across.type)
      && (across.autorange === false || isSpanned());
  }

  const name = (axis, id) => axis + (id || "").slice(1);

  const isSameBut = (one, other) =>
    Object.keys({ ...one, ...other }).every((key) => CHANGING.has(key) || JSON.stringify(one[key]) === JSON.stringify(other[key]));

  /* What Plotly draws and hovers over: a place without a value is a gap. */
  function fill(points, x, y) {
    points.length = y.length;
    for (let i = 0; i < y.length; i++) {
      const point = points[i] || (points[i] = { i: i }), isKnown = Number.isFinite(y[i]) && Number.isFinite(x[i]);
      point.x = isKnown ? x[i] : undefined;
      point.y = isKnown ? y[i] : undefined;
    }
  }

  /* The panes of the traces at ``places``, and no others. */
  function drawAnew(plot, cartesian, places) {
    const subplots = plot._fullLayout._subplots, every = subplots.cartesian;
    const touched = new Set(places.map((index) => (plot._fullData[index].xaxis || "x") + (plot._fullData[index].yaxis || "y")));
    subplots.cartesian = every.filter((pane) => touched.has(pane));
    try {
      cartesian.plot(plot, null);
    } finally {
      subplots.cartesian = every;
    }
  }

  /* Whether the traces at ``places``, of which nothing but the points and names differs, could be drawn so. */
  here.pointsMoved = function (plot, places, before, after) {
    const cartesian = (plot._fullLayout._basePlotModules || []).find((module) => module.name === "cartesian");
    const lists = places.map((index) => [numbers(after[index].x), numbers(after[index].y)]);
    const isLight = places.every((index, place) => {
      const [x, y] = lists[place], drawn = plot._fullData[index], points = plot.calcdata && plot.calcdata[index];
      return x && y && x.length === y.length && y.length && isPlain(after[index]) && isSameBut(before[index], after[index])
        && drawn && points && standStill(plot, drawn, x, numbers(before[index].x)) && (drawn.visible !== true || points[0].trace === drawn);
    });
    if (!cartesian || !isLight) return false;
    places.forEach((index, place) => {
      const [x, y] = lists[place], drawn = plot._fullData[index], next = after[index];
      const named = next.name === undefined ? {} : { name: next.name };
      Object.assign(plot.data[index], { x: next.x, y: next.y }, named);
      Object.assign(drawn, { x: x, y: y, _length: y.length }, named);
      if (drawn.visible === true) fill(plot.calcdata[index], x, y);
    });
    if (places.length) drawAnew(plot, cartesian, places);
    return true;
  };
})();
