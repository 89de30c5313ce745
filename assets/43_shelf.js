/* Cells of the library: a small curve of equity over its benchmark, two hexadecimal digits a point, and the chip of a
   verdict. */
(function () {
  "use strict";
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...parts) => window.React.createElement(...parts);
  const HEIGHT = 100;

  function line(values, look) {
    const points = values.match(/../g).map((value, place) => place + "," + (HEIGHT - parseInt(value, 16))).join(" ");
    return make("polyline", { key: look, points: points, className: "curve-" + look, vectorEffect: "non-scaling-stroke" });
  }

  cells.StratoscopeCurve = function (props) {
    const own = props.value, held = props.data.held;
    if (!own) return null;
    const box = "0 -4 " + (own.length / 2 - 1) + " " + (HEIGHT + 8);
    const lines = [line(held, "held"), line(own, "own")];
    return make("svg", { className: "curve", viewBox: box, preserveAspectRatio: "none", "aria-hidden": "true" }, lines);
  };

  cells.StratoscopeVerdict = (props) =>
    props.value ? make("span", { className: ("chip " + props.data.tone).trim() }, props.value) : null;
})();
