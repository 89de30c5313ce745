/* The live readings (dashboard/pages/hardware): a second is let through while somebody sees them, and once the one before
   is answered. A slow machine is not asked faster than it answers: Dash drops the answer to all but the last question. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const PATIENCE = 10000;  // milliseconds after which no answer is waited for
  let asked = 0;

  here.tick = function (second, last, answered, strip) {
    const shown = document.getElementById(strip), isFirst = last === undefined || last === null;
    const isAnswered = isFirst || (answered && answered.tick === last) || Date.now() - asked > PATIENCE;
    if (document.hidden || !shown || shown.offsetParent === null || !isAnswered) return window.dash_clientside.no_update;
    asked = Date.now();
    return second;
  };

  /* Figures by their charts: over those that are drawn, without a callback for each of them; or, where more has changed
     than points, by the stores that they are drawn from. */
  here.live = function (figures) {
    for (const graph in figures || {}) {
      if (here.drawnOver(graph, figures[graph])) continue;
      window.dash_clientside.set_props({ graph: graph, role: "figure" }, { data: figures[graph] });
    }
  };
})();
