/* What is in sight of the data page, beside ?spec= in its address: &view= the chart's settings, &tab=, &symbol= and
   &from= &to= the part in sight, in milliseconds on the clock &clock=, and what the tabs of statistics were asked, under
   the names of dashboard/pages/data/choices.py. What is as usual is left out. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const NAMES = ["view", "tab", "symbol", "from", "to", "clock"];
  let seen = {};

  /* What a source has found for the symbol that is being typed, after what the list holds already. */
  here.foundElsewhere = function (found, text, options) {
    if (!found || found.text !== text) return window.dash_clientside.no_update;
    const known = new Set((options || []).map((option) => option.value));
    const more = found.options.filter((option) => !known.has(option.value));
    return more.length ? [...(options || []), ...more] : window.dash_clientside.no_update;
  };

  here.screen = () => window.innerWidth;

  here.zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  /* By which clock the tabs show times (dashboard/pages/data/clocks.py). */
  here.clock = function (display, zone, known) {
    if (!display) return window.dash_clientside.no_update;
    const chosen = JSON.parse(display.spec).clock || "utc";
    const found = chosen === "local" ? zone || "UTC" : chosen === "utc" ? "UTC" : chosen;
    return found === known ? window.dash_clientside.no_update : found;
  };

  here.withView = function (link) {
    const url = new URL(link, location.origin);
    if (url.pathname !== "/data") return link;
    const names = new Set([...NAMES, ...Object.keys(seen)]);
    for (const name of names) url.searchParams.delete(name);
    for (const name of names) if (seen[name] || seen[name] === 0) url.searchParams.set(name, seen[name]);
    return url.pathname + url.search;
  };

  /* A control that has just come into the page takes what the address or the visitor chose before; any other one's value
     is kept. ``pair`` are the symbols of a pair, which the server fills itself. */
  here.chosen = function (values, pair, ids, pairIds, kept) {
    const no = window.dash_clientside.no_update, explicit = { ...kept.explicit };
    const filled = ids.map((id, index) => {
      if (values[index] === null || values[index] === undefined) return explicit[id.name] || kept.usual[id.name];
      explicit[id.name] = values[index];
      return no;
    });
    pairIds.forEach((id, index) => {
      if (pair[index]) explicit[id.name] = pair[index];
    });
    const isSame = JSON.stringify(explicit) === JSON.stringify(kept.explicit);
    return [filled, isSame ? no : { ...kept, explicit: explicit }];
  };

  here.viewInLink = function (display, tab, symbol, zoom, symbols, kept, data, span, href) {
    const subject = [data && data.key, symbol, span].join(" ");
    const range = zoom && zoom.range && zoom.keep === subject ? zoom.range.map(Math.round) : [];
    seen = {
      view: display && display.query,
      tab: tab === "chart" ? "" : tab,
      symbol: (symbols || []).length > 1 ? symbol : "",
      from: range[0],
      to: range[1],
      clock: range.length && zoom.zone !== "UTC" ? zoom.zone : "",
    };
    const { usual, explicit } = kept || { usual: {}, explicit: {} };
    for (const name in usual) seen[name] = explicit[name] === usual[name] ? "" : explicit[name];
    const [one, two = one] = (symbols || []).map((option) => option.value);
    if (seen.first === one && seen.second === two) seen.first = seen.second = ""; // the pair that is shown unasked
    if (location.pathname !== "/data") return window.dash_clientside.no_update;
    const link = here.withView(location.pathname + location.search);
    history.replaceState(history.state, "", link);
    sessionStorage.setItem("stratoscope-last/data", link);
    return link;
  };
})();
