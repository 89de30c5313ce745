/* Definitions: what has one (dashboard/components/metric.py: defined), and the heading of a column with one, shows it on
   focus and on touch, as on hover. */
(function () {
  "use strict";
  const bubble = document.createElement("div");
  bubble.className = "help-bubble";
  bubble.setAttribute("aria-hidden", "true");  // who hears the page is told by the item itself
  bubble.hidden = true;
  let owner = null, isTouch = false;

  function hide() {
    bubble.hidden = true;
    owner = null;
  }

  /* AG Grid keeps what it tells of a column on hover to itself. */
  function ofColumn(heading) {
    const grid = heading.closest(".grid"), api = grid && grid.id && window.dash_ag_grid.getApi(grid.id);
    const column = api && api.getColumnDef(heading.getAttribute("col-id"));
    return (column && column.headerTooltip) || "";
  }

  const text = (item) => item.dataset.help || ofColumn(item);

  function show(item) {
    const words = text(item);
    if (!words) return hide();
    if (!item.title) item.setAttribute("aria-description", words);
    owner = item;
    bubble.textContent = words;
    if (!bubble.isConnected) document.body.append(bubble);
    bubble.hidden = false;
    const place = item.getBoundingClientRect(), size = bubble.getBoundingClientRect();
    const left = Math.max(8, Math.min(place.left, document.documentElement.clientWidth - size.width - 8));
    const isBelow = place.bottom + size.height + 12 < document.documentElement.clientHeight;
    bubble.style.left = left + "px";
    bubble.style.top = (isBelow ? place.bottom + 6 : Math.max(8, place.top - size.height - 6)) + "px";
  }

  const helped = (event) => event.target.closest && event.target.closest("[data-help], .grid .ag-header-cell");
  document.addEventListener("pointerdown", (event) => {
    isTouch = event.pointerType === "touch";
    if (!helped(event)) hide();
  });
  document.addEventListener("focusin", (event) => {
    const item = helped(event);
    if (item && (isTouch || item.matches(":focus-visible"))) show(item);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("click", (event) => {
    const item = isTouch && helped(event);
    if (item && owner !== item) show(item);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("wheel", hide, { passive: true });
  document.addEventListener("touchmove", hide, { passive: true });
})();
