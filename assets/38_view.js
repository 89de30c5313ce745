/* What is in sight of the data page, beside ?spec= in its address: &view= the chart's settings, &tab=, &symbol= and
   &from= &to= the part in sight, in milliseconds on the clock &clock=. What is as usual is left out. */
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

  here.zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  here.withView = function (link) {
    const url = new URL(link, location.origin);
    if (url.pathname !== "/data") return link;
    for (const name of NAMES) url.searchParams.delete(name);
    for (const name of NAMES) if (seen[name] || seen[name] === 0) url.searchParams.set(name, seen[name]);
    return url.pathname + url.search;
  };

  here.viewInLink = function (display, tab, symbol, zoom, symbols, data, span, href) {
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
    if (location.pathname !== "/data") return window.dash_clientside.no_update;
    const link = here.withView(location.pathname + location.search);
    history.replaceState(history.state, "", link);
    sessionStorage.setItem("stratoscope-last/data", link);
    return link;
  };
})();
