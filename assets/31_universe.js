/* The universe (dashboard/universe.py): what was chosen last on any page, in this tab of the browser. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const KEPT = "stratoscope-universe", FOLLOWS = "stratoscope-follows";
  const NAMES = ["collection", "symbols", "interval", "start", "end", "adjustment"];
  const PRICES = { none: "supplied prices", splits: "split adjusted", total_return: "total return" };
  const no = () => window.dash_clientside.no_update;
  const pageNow = () => location.pathname.slice(1);

  const read = (name) => JSON.parse(sessionStorage.getItem(name) || "null");
  const keep = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));
  const same = (one, other) => NAMES.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]));

  function marketOf(draft) {
    const spec = draft && JSON.parse(draft.spec);
    return spec ? (spec.kind === "market" ? spec : spec.market || null) : null;
  }

  /* A page follows the universe until it is opened on other bars, as by a link to a saved run. */
  function follow(page, isSo) {
    keep(FOLLOWS, { ...read(FOLLOWS), [page]: isSo });
  }

  /* The draft of the page in sight: ``before`` are its bars of a moment ago, nothing as the page arrives. */
  let before = null, at = "", byRail = false, told = "";
  const drafts = {};

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a");
    if (link) byRail = link.matches(".rail-link");
  });

  /* The form of the page gets the universe; what it showed stays on screen until it is run. */
  function bring(market) {
    const draft = drafts[pageNow()];
    if (!draft) return here.say("Fix the highlighted fields first.", "warn");
    const spec = JSON.parse(draft.spec);
    const bars = Object.fromEntries(NAMES.map((name) => [name, market[name]]));
    const changed = spec.kind === "market" ? { ...spec, ...bars } : { ...spec, market: { ...spec.market, ...bars } };
    const id = { page: pageNow(), role: "shown" };
    window.dash_clientside.set_props(id, { data: { spec: JSON.stringify(changed), run: false } });
  }

  function arrive(market, query, search) {
    const chosen = read(KEPT);
    if (!chosen && query && search.includes("spec=")) keep(KEPT, { market, query });
    const differs = chosen && !same(chosen.market, market);
    const isPlain = !search.includes("spec=") || (byRail && (read(FOLLOWS) || {})[pageNow()]);
    byRail = false;
    if (differs && isPlain) return bring(chosen.market);
    follow(pageNow(), !differs);
  }

  function change(market, query, hasRun) {
    if (!query || same(before, market)) return;
    keep(KEPT, { market, query });
    follow(pageNow(), true);
    if (!hasRun) history.replaceState(history.state, "", here.withView(location.pathname + "?spec=" + query));
  }

  here.universe = function (all, pathname, search, ids, runs, runIds) {
    const place = pathname + search, page = pathname.slice(1);
    if (place !== at) [before, at, told] = [null, place, ""];
    const draft = all[ids.findIndex((id) => id.page === page)], market = marketOf(draft);
    const query = draft && draft.market, run = runs[runIds.findIndex((id) => id.page === page)];
    if (market) {
      drafts[page] = draft;
      before ? change(market, query, run) : arrive(market, query, search);
      before = market;
    }
    const found = { ...read(KEPT), here: market && { market, query } }, text = JSON.stringify(found);
    if (text === told) return here.changed(no());  // most changes of a form leave the bars alone
    told = text;
    return found;
  };

  function range(market) {
    if (!market.start && !market.end) return "all bars";
    return (market.start || "first bar") + " to " + (market.end || "last bar");
  }

  const LISTED = 3;
  function names(market) {
    const more = market.symbols.length - LISTED;
    return market.symbols.slice(0, LISTED).join(", ") + (more > 0 ? " +" + more : "");
  }

  /* Where two universes differ, as the second has it. */
  function difference(chosen, own) {
    const said = {
      collection: own.collection, symbols: names(own), interval: own.interval, start: range(own), end: range(own),
      adjustment: PRICES[own.adjustment],
    };
    const differing = NAMES.filter((name) => JSON.stringify(chosen[name]) !== JSON.stringify(own[name]));
    return [...new Set(differing.map((name) => said[name]))].join(" \u00b7 ");
  }

  here.showUniverse = function (data, pages, hrefs) {
    const own = data && data.here && data.here.market, chosen = (data && data.market) || own;
    if (!chosen) return [true, no(), true, no(), true, hrefs.map(no)];
    const words = [names(chosen), chosen.interval, range(chosen), PRICES[chosen.adjustment]].join(" \u00b7 ");
    const isApart = Boolean(own) && !same(chosen, own);
    const links = hrefs.map((href) => {
      const path = href.split("?")[0], last = sessionStorage.getItem("stratoscope-last" + path);
      return last || !data.query || !pages.includes(path) ? no() : path + "?spec=" + data.query;
    });
    return [false, words, !isApart, isApart ? "here " + difference(chosen, own) : "", !isApart, links];
  };

  here.useUniverse = function (clicks, data) {
    if (clicks && data && data.market) bring(data.market);
  };

  /* A saved list from the menu, here and on all pages that follow. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-universe]");
    if (!button) return;
    const chosen = JSON.parse(button.dataset.universe);
    keep(KEPT, chosen);
    told = "";
    document.getElementById("universe").open = false;
    window.dash_clientside.set_props("universe-chosen", { data: chosen });
    if (drafts[pageNow()] && before) bring(chosen.market);
  });
})();
