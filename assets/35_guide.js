/* The guide (dashboard/guide.py): which step was taken last, in this browser, until it is closed for good. */
(function () {
  "use strict";
  const KEPT = "stratoscope-guide", CLOSED = "closed";
  const last = () => localStorage.getItem(KEPT);
  const steps = () => JSON.parse(document.getElementById("guide").dataset.steps);

  function show() {
    const taken = Number(last()), all = document.getElementById("guide");
    document.documentElement.toggleAttribute("data-guide-closed", last() === CLOSED);
    for (const link of document.querySelectorAll(".guide-step[id]")) {
      const place = JSON.parse(link.id).place;
      link.classList.toggle("is-done", taken >= place);
      link.classList.toggle("is-next", place === String((taken || 0) + 1));
    }
    if (!all) return;
    const next = taken ? steps()[taken] : null, place = document.getElementById("guide-next");
    all.hidden = !next || location.pathname === "/";
    place.replaceChildren(next ? wayTo(next) : "");
  }

  function wayTo(step) {
    const link = document.createElement("a");
    link.href = step.href;
    link.className = "link-button strong";
    link.textContent = "Next: " + step.title + " \u2192";
    link.dataset.place = steps().findIndex((item) => item.title === step.title) + 1;
    link.addEventListener("click", window.dash_clientside.stratoscope.followLink);
    return link;
  }

  function take(link) {
    const place = link.dataset.place || (link.id && JSON.parse(link.id).place);
    if (last() === CLOSED) return;
    localStorage.setItem(KEPT, String(Math.max(place, Number(last()) || 0)));
    setTimeout(show, 0);
  }

  document.addEventListener("click", (event) => {
    const at = event.target.closest ? event.target : document.body, end = at.closest('[data-ends="guide"]');
    const link = at.closest(".guide-step[id], #guide-next a, .try-it");
    if (link) take(link);
    if (!end) return;
    localStorage.setItem(KEPT, CLOSED);
    show();
  });

  window.dash_clientside.stratoscope.guide = () => {
    setTimeout(show, 0);
    return window.dash_clientside.no_update;
  };
})();
