/* Before the first paint: the theme that was chosen last; dark where nothing was. */
(function () {
  "use strict";
  var root = document.documentElement, saved = {};
  try {
    saved = JSON.parse(localStorage.getItem("stratoscope-theme") || "{}");
  } catch (error) {
    saved = {};
  }
  root.setAttribute("data-bs-theme", saved.mode === "light" ? "light" : "dark");
  root.setAttribute("data-ag-theme-mode", saved.mode === "light" ? "light" : "dark");
  if (saved.swapped) root.setAttribute("data-pnl", "swapped");
})();
