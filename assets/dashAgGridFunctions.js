/* How a table prints a value: the same rules as dashboard/format.py. */
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

  functions.stratoscopeTone = (value) =>
    typeof value !== "number" || !value ? "ag-right-aligned-cell" : "ag-right-aligned-cell " + (value > 0 ? "gain" : "loss");

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
    return number(value, decimals, false) + (unit ? " " + unit : "");
  };
})();
