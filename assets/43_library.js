/* The library of saved runs and their comparison: cells of the table, and the chosen runs in the link. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...parts) => window.React.createElement(...parts);
  const no = () => window.dash_clientside.no_update;
  const KEY = /^[0-9a-f]{64}$/;

  /* Follow a link within the app, as dcc.Link does; another tab or window is the browser's own affair. */
  function follow(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
    event.preventDefault();
    const link = event.currentTarget;
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  const link = (query, look, text, title) =>
    make("a", { key: look, href: "/backtest?spec=" + query, onClick: follow, className: look, title: title }, text);
  const lines = (side, first, second) => make("span", { className: "run-cell " + side }, [first, second]);

  cells.StratoscopeRun = function (props) {
    const setup = make("span", { key: "setup", className: "run-setup" }, props.data.setup);
    return lines("", link(props.data.query, "run-link", props.value), setup);
  };

  /* What changed since a run was saved leads to its figures then beside those of now. */
  const CHANGED = { data: "data changed", code: "code changed", "data and code": "both changed" };
  cells.StratoscopeSaved = function (props) {
    const run = props.data, day = make("span", { key: "day" }, props.valueFormatted);
    const told = "The " + run.changed + " changed since: opening it computes it anew. Click to see its figures then beside those of now.";
    return lines("right", day, run.changed && link(run.then, "run-changed", CHANGED[run.changed] || "changed", told));
  };

  function button(props, action, icon, title, more) {
    const press = () => props.setData({ key: props.data.key, action: action, at: Date.now() });
    const mark = make("span", { className: "icon", style: { maskImage: icon, WebkitMaskImage: icon } });
    return make("button", { type: "button", className: "icon-button " + (more || ""), title: title, "aria-label": title, onClick: press }, mark);
  }
  const icon = (name) => "url(/assets/icons/" + name + ".svg)";

  cells.StratoscopePin = function (props) {
    if (props.data.deleted) return null;
    return props.value
      ? button(props, "unpin", icon("pin"), "Pinned: stays at the top", "is-on")
      : button(props, "pin", icon("pin"), "Pin to the top");
  };

  cells.StratoscopeBin = (props) =>
    props.data.deleted
      ? button(props, "restore", icon("restore"), "Restore")
      : button(props, "delete", icon("bin"), "Put into the bin");

  /* ?compare=key,key beside ?spec=: the chosen runs are part of the link. */
  const chosen = (search) =>
    (new URLSearchParams(search || "").get("compare") || "").split(",").filter((key) => KEY.test(key));

  here.chosenRuns = function (search) {
    const keys = chosen(search), kept = here.comparedKeys || [];
    if (keys.length) return [keys, "compare"];
    return [kept.length ? kept : no(), no()];  // opening another run keeps what was chosen
  };

  here.chooseRuns = function (listed, now, id) {
    if (JSON.stringify(listed || []) !== JSON.stringify(now || [])) window.dash_clientside.set_props(id, { data: listed || [] });
  };

  here.withCompared = function (link) {
    const url = new URL(link, location.origin), keys = here.comparedKeys || [];
    url.searchParams.delete("compare");
    const text = url.pathname + url.search;
    return keys.length && url.pathname === "/backtest" ? text + (url.search ? "&" : "?") + "compare=" + keys.join(",") : text;
  };

  here.comparedInLink = function (keys, href) {
    here.comparedKeys = (keys || []).filter((key) => KEY.test(key));
    const link = here.withCompared(href);
    if (location.pathname === "/backtest") {
      history.replaceState(history.state, "", here.withCompared(location.pathname + location.search));
      sessionStorage.setItem("stratoscope-last/backtest", link);
    }
    return [here.comparedKeys.length ? { compare: "Compare (" + here.comparedKeys.length + ")" } : {}, link];
  };
})();
