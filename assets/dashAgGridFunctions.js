/* How a table prints a value: the same rules as dashboard/text/format.py. */
(function () {
  "use strict";
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const MINUS = "\u2212", MISSING = "\u2013";

  function number(value, decimals, signed) {
    const text = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    const sign = !/[1-9]/.test(text) ? "" : value < 0 ? MINUS : signed ? "+" : "";
    return sign + text;
  }

  functions.stratoscopeCell = function (value, kind, decimals, unit) {
    if (value === null || value === undefined || value === "") return MISSING;
    if (kind === "day" || kind === "time") {
      const text = typeof value === "number" ? new Date(value).toISOString() : String(value);
      return kind === "day" ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
    }
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return MISSING;
    if (kind === "percent") return number(100 * value, decimals || 2, false) + "%";
    if (kind === "signed_percent") return number(100 * value, decimals || 2, true) + "%";
    return number(value, decimals, kind === "signed") + (unit ? " " + unit : "");
  };

  /* Bytes, as engine.core.sizes has them. */
  functions.stratoscopeSize = function (bytes) {
    if (typeof bytes !== "number") return MISSING;
    const megabytes = bytes / 2 ** 20;
    if (bytes < 1000 * 1024) return number(bytes / 1024, 0) + " KB";
    if (megabytes < 1000) return number(megabytes, megabytes < 10 ? 1 : 0) + " MB";
    const gigabytes = megabytes / 1024;
    return gigabytes < 1000 ? number(gigabytes, 1) + " GB" : number(gigabytes / 1024, 1) + " TB";
  };

  /* The worse the findings, the further down, and what has not been checked before all others. */
  functions.stratoscopeByRank = (one, other, node, otherNode) => node.data.rank - otherNode.data.rank || parseInt(one) - parseInt(other) || 0;

  /* Enter on a cell does what a click does. */
  functions.stratoscopeEnter = function (params) {
    if (params.event.key !== "Enter") return;
    const cell = { value: params.value, colId: params.column.colId, rowIndex: params.rowIndex, rowId: params.node.id };
    window.dash_clientside.set_props(params.event.target.closest(".grid").id, { cellClicked: { ...cell, timestamp: Date.now() } });
  };

  /* Enter on a cell with a link or a button presses it. */
  functions.stratoscopePresses = function (params) {
    const inside = params.event.key === "Enter" && !params.editing && params.event.target.querySelector("a, button");
    if (inside) inside.click();
    return Boolean(inside);
  };

  /* AG Grid takes the keys before they come to these: no reader of the screen stops here twice. */
  functions.stratoscopeReach = function () {
    const scrolled = ".grid :is(.ag-body-viewport, .ag-center-cols-viewport):not([tabindex])";
    for (const item of document.querySelectorAll(scrolled)) item.tabIndex = 0;
  };

  /* What prints as zero has no colour. */
  functions.stratoscopeTone = function (value, ...how) {
    const right = "ag-right-aligned-cell", text = functions.stratoscopeCell(value, ...how);
    return typeof value !== "number" || !/[1-9]/.test(text) ? right : right + (value > 0 ? " gain" : " loss");
  };
})();
