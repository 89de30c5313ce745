/* Stepping through the rows of a table, and single keys that press a button. */
(function () {
  "use strict";

  /* A button with data-grid-step="1" chooses the next row of the table data-grid, as sorted and filtered there. */
  function step(button) {
    const grid = window.dash_ag_grid && window.dash_ag_grid.getApi(button.dataset.grid);
    if (!grid) return;
    const chosen = grid.getSelectedNodes()[0], count = grid.getDisplayedRowCount();
    const from = chosen && chosen.rowIndex !== null ? chosen.rowIndex : -1;
    const to = Math.min(Math.max(from + Number(button.dataset.gridStep), 0), count - 1);
    const next = grid.getDisplayedRowAtIndex(to);
    if (!next || next === chosen) return;
    next.setSelected(true, true);
    grid.ensureIndexVisible(to);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-grid-step]");
    if (button) step(button);
  });

  const TYPING = "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true], [role=combobox], [role=listbox]";

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.key.length !== 1 || (event.target.closest && event.target.closest(TYPING))) return;
    const named = document.querySelectorAll('[data-hotkey="' + CSS.escape(event.key.toLowerCase()) + '"]');
    const seen = [...named].find((button) => button.offsetParent !== null);
    if (!seen) return;
    event.preventDefault();
    seen.click();
  });
})();
