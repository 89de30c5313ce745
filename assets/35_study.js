/* Studies: tabs that run a spec of their own, built around what the page's form says. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const no = () => window.dash_clientside.no_update;
  const tab = (name) => name.split("-").slice(1).join("-");

  /* The spec in the page's form, while its tab is in sight; "-" where that form does not validate. */
  here.studyBase = function (draft, active, now, run) {
    if (active !== tab(run.page)) return here.changed(no());
    const isFirst = !window.dash_clientside.callback_context.triggered.length;
    const wanted = draft ? draft.spec : isFirst || draft === undefined ? now : "-";
    return here.changed(wanted === now ? no() : wanted);
  };

  /* Each tab's result, once it is painted and while the tab is in sight; a free tab has something to show without one. */
  here.seen = (painted, active, result, now, ids) =>
    here.changed(ids.map((id, index) => {
      const before = now[index] || {};
      if (id.tab !== active) return no();
      if (before.free) return { ...result, free: true, opened: Date.now() };
      return result && result.spec && before.painted !== painted ? { ...result, painted: painted } : no();
    }));

  /* The same of the data page: the series on screen, once for each series, and whenever a free tab is opened. */
  here.viewed = (result, symbol, active, now, ids) =>
    here.changed(ids.map((id, index) => {
      const before = now[index] || {}, has = result && result.spec, isFree = before.free;
      if (id.tab !== active || (!has && !isFree)) return no();
      if (isFree) return { ...result, symbol: symbol, free: true, opened: Date.now() };
      const isSame = before.key === result.key && before.spec === result.spec && before.symbol === symbol;
      return isSame ? no() : { ...result, symbol: symbol };
    }));

  /* Where there is little room the settings lie above the results, and make way for a tab that has something to show. */
  function makeWay() {
    const side = document.querySelector(".body > .side");
    if (!side || !side.querySelector(".panel-toggle").checkVisibility()) return;
    side.open = false;
    side.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]"), pane = tab && document.getElementById(tab.getAttribute("aria-controls"));
    if (pane && !pane.closest(".results.is-empty")) makeWay();
  });
  window.matchMedia("(max-width: 900px)").addEventListener("change", (room) => {
    if (room.matches && document.querySelector(".main > .results.is-ready, .main > .free:not([hidden])")) makeWay();
  });

  /* The page's own run button leads from a study to the first tab. */
  document.addEventListener("click", (event) => {
    if (event.target.closest('.side [data-run="true"]') && document.querySelector(".study:not([hidden])"))
      document.querySelector(".tabs [role=tab]").click();
  });
})();
